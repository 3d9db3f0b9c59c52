/* A correct node for Gossip Glomers 5a, in C with nothing but its standard library.
 *
 *     cc -O2 -o my-node examples/nodes/c/node.c
 *     kafkasim simulate examples/scenarios/gossip-glomers-5a.yaml --bin ./my-node
 *
 * JSON is taken apart no further than it must be: a key or a message is a piece of the line that it came in, kept and
 * written out again as it stands, with its quotes. (So a key that is written now with an escape and now without would
 * be two keys.) Lines are taken to be JSON, as those of a test bench are.
 */
#define _POSIX_C_SOURCE 200809L /* getline */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* So many messages of each key one poll returns at most; the next poll goes on from there. */
enum { POLL_LIMIT = 20 };

/* ---- pieces of JSON ---- */

typedef struct {
    const char *start, *end;
} Piece;

static const char *past_spaces(const char *at) { return at + strspn(at, " \t\r\n"); }

/* Where the value that begins here ends. */
static const char *past_value(const char *at) {
    int depth = 0;
    do {
        if (*at == '"') {
            for (at++; *at && *at != '"'; at++)
                if (*at == '\\' && at[1]) at++;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            depth--;
        } else if (!depth) { /* a number, true, false or null */
            return at + strcspn(at, ",]} \t\r\n");
        }
        if (*at) at++;
    } while (depth && *at);
    return at;
}

/* Steps through an object or a list: `at` is first its start, then what this has left there. False at the end. */
static bool next_value(const char **at, Piece *value) {
    const char *start = past_spaces(*at);
    if (*start != '{' && *start != '[' && *start != ',' && *start != ':') return false;
    start = past_spaces(start + 1);
    if (!*start || *start == '}' || *start == ']') return false;
    *value = (Piece){start, past_value(start)};
    *at = past_spaces(value->end);
    return true;
}

/* In an object: the next name, in quotes, and what it stands for. */
static bool next_member(const char **at, Piece *name, Piece *value) {
    return next_value(at, name) && next_value(at, value);
}

static bool same(Piece one, Piece other) {
    size_t length = (size_t)(one.end - one.start);
    return length == (size_t)(other.end - other.start) && !memcmp(one.start, other.start, length);
}

static Piece text(const char *literal) { return (Piece){literal, literal + strlen(literal)}; }

static const char missing[] = "null";

/* What a field of an object holds; `missing` where the object has no such field. */
static Piece field(Piece object, const char *quoted_name) {
    Piece name, value;
    for (const char *at = object.start; next_member(&at, &name, &value);)
        if (same(name, text(quoted_name))) return value;
    return text(missing);
}

static bool is_key(Piece value) { return *value.start == '"' && value.end - value.start > 2; }

static bool is_offset(Piece value) { return strspn(value.start, "0123456789") == (size_t)(value.end - value.start); }

static bool are_offsets(Piece value) {
    Piece key, offset;
    if (*value.start != '{') return false;
    for (const char *at = value.start; next_member(&at, &key, &offset);)
        if (!is_key(key) || !is_offset(offset)) return false;
    return true;
}

static bool are_keys(Piece value) {
    Piece key;
    if (*value.start != '[') return false;
    for (const char *at = value.start; next_value(&at, &key);)
        if (!is_key(key)) return false;
    return true;
}

static Piece copy(Piece piece) {
    size_t length = (size_t)(piece.end - piece.start);
    char *kept = malloc(length + 1);
    if (!kept) abort();
    memcpy(kept, piece.start, length);
    kept[length] = 0;
    return (Piece){kept, kept + length};
}

static void write_piece(Piece piece) { fwrite(piece.start, 1, (size_t)(piece.end - piece.start), stdout); }

/* ---- logs ---- */

typedef struct Log {
    Piece key;
    Piece *messages;
    long length, room;
    long committed; /* -1: nothing yet */
    struct Log *next;
} Log;

static Log *logs;

/* The log of a key; made where there is none yet. */
static Log *log_of(Piece key) {
    for (Log *log = logs; log; log = log->next)
        if (same(log->key, key)) return log;
    Log *made = calloc(1, sizeof *made);
    if (!made) abort();
    *made = (Log){.key = copy(key), .committed = -1, .next = logs};
    return logs = made;
}

static long append(Log *log, Piece message) {
    if (log->length == log->room) {
        log->room = log->room ? 2 * log->room : 64;
        log->messages = realloc(log->messages, (size_t)log->room * sizeof *log->messages);
        if (!log->messages) abort();
    }
    log->messages[log->length] = copy(message);
    return log->length++;
}

/* ---- requests ---- */

static void send(Piece key, Piece msg) { printf("\"type\":\"send_ok\",\"offset\":%ld", append(log_of(key), msg)); }

static void poll(Piece offsets) {
    Piece key, start;
    const char *separator = "";
    printf("\"type\":\"poll_ok\",\"msgs\":{");
    for (const char *at = offsets.start; next_member(&at, &key, &start); separator = ",") {
        const Log *log = log_of(key);
        long first = strtol(start.start, NULL, 10);
        printf("%s", separator);
        write_piece(key);
        printf(":[");
        for (long offset = first; offset < log->length && offset < first + POLL_LIMIT; offset++) {
            printf("%s[%ld,", offset > first ? "," : "", offset);
            write_piece(log->messages[offset]);
            printf("]");
        }
        printf("]");
    }
    printf("}");
}

static void commit(Piece offsets) {
    Piece key, value;
    for (const char *at = offsets.start; next_member(&at, &key, &value);) {
        Log *log = log_of(key);
        long offset = strtol(value.start, NULL, 10);
        if (offset > log->committed) log->committed = offset; /* it never goes back */
    }
    printf("\"type\":\"commit_offsets_ok\"");
}

static void list(Piece keys) {
    Piece key;
    const char *separator = "";
    printf("\"type\":\"list_committed_offsets_ok\",\"offsets\":{");
    for (const char *at = keys.start; next_value(&at, &key);) {
        const Log *log = log_of(key);
        if (log->committed < 0) continue; /* 0 would say that the first message has been processed */
        printf("%s", separator);
        write_piece(key);
        printf(":%ld", log->committed);
        separator = ",";
    }
    printf("}");
}

static void refuse(int code, const char *why) { printf("\"type\":\"error\",\"code\":%d,\"text\":\"%s\"", code, why); }

/* Whether a request is of the form of its type is looked at before anything is done. */
static void answer(Piece body) {
    Piece type = field(body, "\"type\""), key = field(body, "\"key\""), msg = field(body, "\"msg\"");
    Piece offsets = field(body, "\"offsets\""), keys = field(body, "\"keys\"");
    const char *malformed = "malformed request";
    if (!is_key(type))
        refuse(12, malformed);
    else if (same(type, text("\"init\"")))
        printf("\"type\":\"init_ok\"");
    else if (same(type, text("\"send\"")))
        is_key(key) && msg.start != missing ? send(key, msg) : refuse(12, malformed);
    else if (same(type, text("\"poll\"")))
        are_offsets(offsets) ? poll(offsets) : refuse(12, malformed);
    else if (same(type, text("\"commit_offsets\"")))
        are_offsets(offsets) ? commit(offsets) : refuse(12, malformed);
    else if (same(type, text("\"list_committed_offsets\"")))
        are_keys(keys) ? list(keys) : refuse(12, malformed);
    else
        refuse(10, "unknown request");
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        Piece message = {line, line + strlen(line)};
        Piece body = field(message, "\"body\"");
        printf("{\"src\":"); /* whoever it was sent to is who answers */
        write_piece(field(message, "\"dest\""));
        printf(",\"dest\":");
        write_piece(field(message, "\"src\""));
        printf(",\"body\":{\"in_reply_to\":");
        write_piece(field(body, "\"msg_id\""));
        printf(",");
        answer(body);
        printf("}}\n");
        if (fflush(stdout)) return 1;
    }
    free(line);
    return 0;
}
