// A correct node for Gossip Glomers 5a, with nothing but Go's standard library: one loop, one request at a time, so
// there is nothing to lock.
//
//	go build -o my-node examples/nodes/go/node.go
//	kafkasim simulate examples/scenarios/gossip-glomers-5a.yaml --bin ./my-node
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"slices"
)

// So many messages of each key one poll returns at most; the next poll goes on from there.
const pollLimit = 20

type message struct {
	Src  string `json:"src"`
	Dest string `json:"dest"`
	Body any    `json:"body"`
}

// What a request may say: each has some of these fields.
type request struct {
	Type    string          `json:"type"`
	MsgID   int             `json:"msg_id"`
	NodeID  string          `json:"node_id"`
	Key     string          `json:"key"`
	Msg     json.RawMessage `json:"msg"`
	Offsets map[string]*int `json:"offsets"`
	Keys    []string        `json:"keys"`
}

type fields map[string]any

type node struct {
	id        string
	logs      map[string][]json.RawMessage
	committed map[string]int
}

func main() {
	state := node{logs: map[string][]json.RawMessage{}, committed: map[string]int{}}
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for {
		var body json.RawMessage
		received := message{Body: &body}
		if err := in.Decode(&received); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err) // to standard error: standard output is for messages alone
		}
		var asked request
		problem := json.Unmarshal(body, &asked) // where a field is of a wrong type, the others are read all the same
		if problem == nil {
			problem = asked.problem()
		}
		var answer fields
		if problem != nil {
			answer = fields{"type": "error", "code": 12, "text": problem.Error()}
		} else {
			answer = state.answer(&asked)
		}
		answer["in_reply_to"] = asked.MsgID
		if err := out.Encode(message{state.id, received.Src, answer}); err != nil {
			log.Fatal(err)
		}
	}
}

// What is wrong with a request whose fields are of the right types. It is looked for before anything is done.
func (asked *request) problem() error {
	switch asked.Type {
	case "":
		return errors.New("type is missing")
	case "send":
		if asked.Key == "" || asked.Msg == nil {
			return errors.New("send: key or msg is missing")
		}
	case "poll", "commit_offsets":
		if asked.Offsets == nil {
			return errors.New(asked.Type + ": offsets is missing")
		}
		for key, offset := range asked.Offsets {
			if key == "" || offset == nil || *offset < 0 {
				return errors.New(asked.Type + ": offsets: expected integers from 0 on, by key")
			}
		}
	case "list_committed_offsets":
		if asked.Keys == nil || slices.Contains(asked.Keys, "") {
			return errors.New("list_committed_offsets: keys: expected a list of keys")
		}
	}
	return nil
}

func (state *node) answer(asked *request) fields {
	switch asked.Type {
	case "init":
		state.id = asked.NodeID
		return fields{"type": "init_ok"}
	case "send":
		offset := len(state.logs[asked.Key])
		state.logs[asked.Key] = append(state.logs[asked.Key], asked.Msg)
		return fields{"type": "send_ok", "offset": offset}
	case "poll":
		msgs := map[string][][2]any{}
		for key, start := range asked.Offsets {
			msgs[key] = state.read(key, *start)
		}
		return fields{"type": "poll_ok", "msgs": msgs}
	case "commit_offsets":
		for key, offset := range asked.Offsets {
			if known, ok := state.committed[key]; !ok || known < *offset {
				state.committed[key] = *offset // it never goes back
			}
		}
		return fields{"type": "commit_offsets_ok"}
	case "list_committed_offsets":
		offsets := map[string]int{}
		for _, key := range asked.Keys {
			if offset, ok := state.committed[key]; ok { // 0 would say that the first message has been processed
				offsets[key] = offset
			}
		}
		return fields{"type": "list_committed_offsets_ok", "offsets": offsets}
	}
	return fields{"type": "error", "code": 10, "text": "unknown request " + asked.Type}
}

func (state *node) read(key string, start int) [][2]any {
	pairs := [][2]any{}
	messages := state.logs[key]
	for offset := start; offset < min(len(messages), start+pollLimit); offset++ {
		pairs = append(pairs, [2]any{offset, messages[offset]})
	}
	return pairs
}
