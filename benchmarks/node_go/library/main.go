// The log node on Maelstrom's own Go library, as most solutions of Gossip Glomers 5a have it:
// a handler for each RPC, maps under a read-write mutex. A yardstick for benchmarks/node.py.
package main

import (
	"encoding/json"
	"log"
	"sync"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

type sendRequest struct {
	Key string          `json:"key"`
	Msg json.RawMessage `json:"msg"`
}

type offsetsRequest struct {
	Offsets map[string]int `json:"offsets"`
}

type listRequest struct {
	Keys []string `json:"keys"`
}

type sendOk struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
}

type pollOk struct {
	Type string              `json:"type"`
	Msgs map[string][][2]any `json:"msgs"`
}

type committed struct {
	Type string `json:"type"`
}

type listOk struct {
	Type    string         `json:"type"`
	Offsets map[string]int `json:"offsets"`
}

type store struct {
	mutex     sync.RWMutex
	logs      map[string][]json.RawMessage
	committed map[string]int
}

func main() {
	node := maelstrom.NewNode()
	state := &store{logs: map[string][]json.RawMessage{}, committed: map[string]int{}}

	node.Handle("send", func(message maelstrom.Message) error {
		var request sendRequest
		if err := json.Unmarshal(message.Body, &request); err != nil {
			return err
		}
		state.mutex.Lock()
		offset := len(state.logs[request.Key])
		state.logs[request.Key] = append(state.logs[request.Key], request.Msg)
		state.mutex.Unlock()
		return node.Reply(message, sendOk{"send_ok", offset})
	})

	node.Handle("poll", func(message maelstrom.Message) error {
		var request offsetsRequest
		if err := json.Unmarshal(message.Body, &request); err != nil {
			return err
		}
		found := map[string][][2]any{}
		state.mutex.RLock()
		for key, offset := range request.Offsets {
			messages := state.logs[key]
			for ; offset < len(messages); offset++ {
				found[key] = append(found[key], [2]any{offset, messages[offset]})
			}
		}
		state.mutex.RUnlock()
		return node.Reply(message, pollOk{"poll_ok", found})
	})

	node.Handle("commit_offsets", func(message maelstrom.Message) error {
		var request offsetsRequest
		if err := json.Unmarshal(message.Body, &request); err != nil {
			return err
		}
		state.mutex.Lock()
		for key, offset := range request.Offsets {
			if old, ok := state.committed[key]; !ok || old < offset {
				state.committed[key] = offset
			}
		}
		state.mutex.Unlock()
		return node.Reply(message, committed{"commit_offsets_ok"})
	})

	node.Handle("list_committed_offsets", func(message maelstrom.Message) error {
		var request listRequest
		if err := json.Unmarshal(message.Body, &request); err != nil {
			return err
		}
		found := map[string]int{}
		state.mutex.RLock()
		for _, key := range request.Keys {
			if offset, ok := state.committed[key]; ok {
				found[key] = offset
			}
		}
		state.mutex.RUnlock()
		return node.Reply(message, listOk{"list_committed_offsets_ok", found})
	})

	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
}
