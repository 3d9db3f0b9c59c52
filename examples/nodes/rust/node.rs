// A correct node for Gossip Glomers 5a, in Rust with nothing but its standard library.
//
//     rustc --edition 2021 -O -o my-node examples/nodes/rust/node.rs
//     kafkasim simulate examples/scenarios/gossip-glomers-5a.yaml --bin ./my-node
//
// The lower half is a small JSON of its own; with a package for that (serde_json) the upper half is all there is.

use std::cmp::max;
use std::collections::HashMap;
use std::io::{self, BufRead, Write};

/// So many messages of each key one poll returns at most; the next poll goes on from there.
const POLL_LIMIT: usize = 20;

#[derive(Default)]
struct Node {
    logs: HashMap<String, Vec<Json>>,
    committed: HashMap<String, usize>,
}

impl Node {
    fn answer(&mut self, body: &Json) -> Json {
        if !is_well_formed(body) {
            return refusal(12, "malformed request"); // before anything is done
        }
        match body.text("type") {
            "init" => reply("init_ok", []),
            "send" => {
                let log = self.logs.entry(body.text("key").to_string()).or_default();
                log.push(body.get("msg").clone());
                reply("send_ok", [("offset", number(log.len() - 1))])
            }
            "poll" => {
                let msgs = body.get("offsets").members().iter();
                let msgs = msgs.map(|(key, start)| (key.clone(), self.read(key, start.offset().unwrap_or(0))));
                reply("poll_ok", [("msgs", Json::Object(msgs.collect()))])
            }
            "commit_offsets" => {
                for (key, offset) in body.get("offsets").members() {
                    let committed = self.committed.entry(key.clone()).or_default();
                    *committed = max(*committed, offset.offset().unwrap_or(0)); // it never goes back
                }
                reply("commit_offsets_ok", [])
            }
            "list_committed_offsets" => {
                // A key without a commit is left out: 0 would say that its first message has been processed.
                let known = body.get("keys").items().iter().filter_map(|key| {
                    let Json::Text(key) = key else { return None };
                    Some((key.clone(), number(*self.committed.get(key)?)))
                });
                reply(
                    "list_committed_offsets_ok",
                    [("offsets", Json::Object(known.collect()))],
                )
            }
            _ => refusal(10, "unknown request"),
        }
    }

    fn read(&self, key: &str, start: usize) -> Json {
        let log = self.logs.get(key).map_or(&[][..], Vec::as_slice);
        let found = log.iter().enumerate().skip(start).take(POLL_LIMIT);
        Json::List(
            found
                .map(|(offset, msg)| Json::List(vec![number(offset), msg.clone()]))
                .collect(),
        )
    }
}

/// Whether a request has the fields that one of its type must have, each of its form.
fn is_well_formed(body: &Json) -> bool {
    let (offsets, keys) = (body.get("offsets"), body.get("keys"));
    match body.text("type") {
        "" => false,
        "send" => !body.text("key").is_empty() && !body.get("msg").is_missing(),
        "poll" | "commit_offsets" => {
            let is_right = |(key, offset): &(String, Json)| !key.is_empty() && offset.offset().is_some();
            matches!(offsets, Json::Object(_)) && offsets.members().iter().all(is_right)
        }
        "list_committed_offsets" => {
            let is_key = |key: &Json| matches!(key, Json::Text(text) if !text.is_empty());
            matches!(keys, Json::List(_)) && keys.items().iter().all(is_key)
        }
        _ => true,
    }
}

fn refusal(code: usize, why: &str) -> Json {
    reply("error", [("code", number(code)), ("text", text(why))])
}

fn reply<const N: usize>(kind: &str, fields: [(&str, Json); N]) -> Json {
    let kind = [("type", text(kind))].into_iter();
    object(kind.chain(fields))
}

fn main() -> io::Result<()> {
    let mut node = Node::default();
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let message = Json::parse(&line?);
        let body = message.get("body");
        let mut answer = node.answer(body);
        if let Json::Object(members) = &mut answer {
            members.push(("in_reply_to".to_string(), body.get("msg_id").clone()));
        }
        let frame = [
            ("src", message.get("dest").clone()), // whoever it was sent to is who answers
            ("dest", message.get("src").clone()),
            ("body", answer),
        ];
        writeln!(out, "{}", object(frame))?; // standard output is line-buffered: it leaves at once
    }
    Ok(())
}

/// A JSON value. Text is kept as it is written, escapes and all, and so are numbers: what comes in goes out unchanged.
#[derive(Clone)]
enum Json {
    /// A number, `true`, `false` or `null`.
    Word(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

const NULL: &Json = &Json::Word(String::new());

fn number(value: usize) -> Json {
    Json::Word(value.to_string())
}

fn text(value: &str) -> Json {
    Json::Text(value.to_string())
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
    Json::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_string(), value))
            .collect(),
    )
}

impl Json {
    /// The value that a line holds.
    fn parse(line: &str) -> Json {
        Json::take(&mut line.trim_start())
    }

    /// The value at the beginning of `rest`, which is left at what follows it. What is no JSON ends the program.
    fn take(rest: &mut &str) -> Json {
        match rest.as_bytes().first() {
            Some(b'"') => Json::Text(Json::take_text(rest)),
            Some(b'[') => Json::List(Json::take_all(rest, ']', Json::take)),
            Some(b'{') => Json::Object(Json::take_all(rest, '}', |rest| {
                let name = Json::take_text(rest);
                Json::skip(rest, ':');
                (name, Json::take(rest))
            })),
            _ => {
                let end = rest.find([',', ']', '}', ' ']).unwrap_or(rest.len());
                Json::Word(Json::cut(rest, end))
            }
        }
    }

    fn take_text(rest: &mut &str) -> String {
        let mut escaped = false;
        let end = rest[1..].find(|letter| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        });
        *rest = &rest[1..];
        let text = Json::cut(rest, end.expect("text ends with a quote"));
        *rest = &rest[1..];
        text
    }

    /// What stands between brackets, with commas.
    fn take_all<Item>(rest: &mut &str, close: char, take: impl Fn(&mut &str) -> Item) -> Vec<Item> {
        let mut items = vec![];
        *rest = rest[1..].trim_start();
        while !rest.starts_with(close) {
            items.push(take(rest));
            *rest = rest.trim_start();
            if !rest.starts_with(close) {
                Json::skip(rest, ',');
            }
        }
        *rest = &rest[1..];
        items
    }

    fn skip(rest: &mut &str, expected: char) {
        *rest = rest
            .trim_start()
            .strip_prefix(expected)
            .expect("one JSON object a line")
            .trim_start();
    }

    fn cut(rest: &mut &str, end: usize) -> String {
        let (taken, left) = rest.split_at(end);
        *rest = left;
        taken.to_string()
    }

    /// The field of an object; null where there is none.
    fn get(&self, name: &str) -> &Json {
        self.members()
            .iter()
            .find(|(own, _)| own == name)
            .map_or(NULL, |(_, value)| value)
    }

    fn text(&self, name: &str) -> &str {
        if let Json::Text(text) = self.get(name) {
            text
        } else {
            ""
        }
    }

    fn members(&self) -> &[(String, Json)] {
        if let Json::Object(members) = self {
            members
        } else {
            &[]
        }
    }

    fn items(&self) -> &[Json] {
        if let Json::List(items) = self {
            items
        } else {
            &[]
        }
    }

    fn is_missing(&self) -> bool {
        matches!(self, Json::Word(word) if word.is_empty())
    }

    /// The value as an integer from 0 on, if it is one.
    fn offset(&self) -> Option<usize> {
        if let Json::Word(word) = self {
            word.parse().ok()
        } else {
            None
        }
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Json::Word(word) => write!(out, "{}", if word.is_empty() { "null" } else { word }),
            Json::Text(text) => write!(out, "\"{text}\""),
            Json::List(items) => {
                let items: Vec<String> = items.iter().map(Json::to_string).collect();
                write!(out, "[{}]", items.join(","))
            }
            Json::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                write!(out, "{{{}}}", members.join(","))
            }
        }
    }
}
