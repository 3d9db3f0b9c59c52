// The log node in Go, written for speed with nothing but Go's own packages: one goroutine, one read buffer, one write
// buffer that is flushed when no more input is at hand, each line decoded once. A yardstick for benchmarks/node.py.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"
	"strconv"
)

// The body of any request; each RPC has some of the fields.
type body struct {
	Type    string           `json:"type"`
	MsgID   int              `json:"msg_id"`
	NodeID  string           `json:"node_id"`
	Key     string           `json:"key"`
	Msg     json.RawMessage  `json:"msg"`
	Offsets map[string]int64 `json:"offsets"`
	Keys    []string         `json:"keys"`
}

type envelope struct {
	Src  string `json:"src"`
	Body body   `json:"body"`
}

type node struct {
	id        string
	logs      map[string][]json.RawMessage
	committed map[string]int64
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 64*1024)
	out := bufio.NewWriterSize(os.Stdout, 64*1024)
	state := node{logs: map[string][]json.RawMessage{}, committed: map[string]int64{}}
	reply := make([]byte, 0, 4096)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			var request envelope
			if problem := json.Unmarshal(line, &request); problem != nil {
				log.Fatal(problem)
			}
			reply = state.answer(reply[:0], &request)
			out.Write(reply)
		}
		if err != nil || in.Buffered() == 0 {
			if out.Flush() != nil || err == io.EOF {
				return
			}
		}
	}
}

func (state *node) answer(reply []byte, request *envelope) []byte {
	asked := &request.Body
	if asked.Type == "init" {
		state.id = asked.NodeID
	}
	reply = append(reply, `{"src":`...)
	reply = appendText(reply, state.id)
	reply = append(reply, `,"dest":`...)
	reply = appendText(reply, request.Src)
	reply = append(reply, `,"body":{"in_reply_to":`...)
	reply = strconv.AppendInt(reply, int64(asked.MsgID), 10)
	reply = append(reply, `,"type":"`...)
	reply = append(reply, asked.Type...)
	reply = append(reply, `_ok"`...)
	switch asked.Type {
	case "send":
		messages := state.logs[asked.Key]
		state.logs[asked.Key] = append(messages, asked.Msg)
		reply = append(reply, `,"offset":`...)
		reply = strconv.AppendInt(reply, int64(len(messages)), 10)
	case "poll":
		reply = append(reply, `,"msgs":`...)
		reply = state.appendMessages(reply, asked.Offsets)
	case "commit_offsets":
		for key, offset := range asked.Offsets {
			if old, ok := state.committed[key]; !ok || old < offset {
				state.committed[key] = offset
			}
		}
	case "list_committed_offsets":
		reply = append(reply, `,"offsets":`...)
		reply = state.appendCommitted(reply, asked.Keys)
	}
	return append(reply, "}}\n"...)
}

func (state *node) appendMessages(reply []byte, offsets map[string]int64) []byte {
	separator := byte('{')
	for key, offset := range offsets {
		messages := state.logs[key]
		if offset >= int64(len(messages)) {
			continue
		}
		reply = append(reply, separator)
		separator = ','
		reply = appendText(reply, key)
		inner := byte('[')
		reply = append(reply, ':')
		for ; offset < int64(len(messages)); offset++ {
			reply = append(reply, inner, '[')
			inner = ','
			reply = strconv.AppendInt(reply, offset, 10)
			reply = append(reply, ',')
			reply = append(reply, messages[offset]...)
			reply = append(reply, ']')
		}
		reply = append(reply, ']')
	}
	if separator == '{' {
		reply = append(reply, separator)
	}
	return append(reply, '}')
}

func (state *node) appendCommitted(reply []byte, keys []string) []byte {
	separator := byte('{')
	for _, key := range keys {
		if offset, ok := state.committed[key]; ok {
			reply = append(reply, separator)
			separator = ','
			reply = appendText(reply, key)
			reply = append(reply, ':')
			reply = strconv.AppendInt(reply, offset, 10)
		}
	}
	if separator == '{' {
		reply = append(reply, separator)
	}
	return append(reply, '}')
}

func appendText(reply []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // of text it never fails
	return append(reply, quoted...)
}
