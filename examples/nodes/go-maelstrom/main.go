// A correct node for Gossip Glomers 5a on Maelstrom's own Go library, as most people write it: a handler for each RPC.
// The library runs every handler in a goroutine of its own, so what they share is under a lock.
//
//	cd examples/nodes/go-maelstrom && go build -o ../../../my-node . && cd ../../..
//	kafkasim simulate examples/scenarios/gossip-glomers-5a.yaml --bin ./my-node
package main

import (
	"encoding/json"
	"log"
	"sync"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

// So many messages of each key one poll returns at most; the next poll goes on from there.
const pollLimit = 20

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

type commitOk struct {
	Type string `json:"type"`
}

type listOk struct {
	Type    string         `json:"type"`
	Offsets map[string]int `json:"offsets"`
}

type server struct {
	*maelstrom.Node
	mutex     sync.RWMutex // over the two below
	logs      map[string][]json.RawMessage
	committed map[string]int
}

func main() {
	s := &server{Node: maelstrom.NewNode(), logs: map[string][]json.RawMessage{}, committed: map[string]int{}}
	s.Handle("send", s.send)
	s.Handle("poll", s.poll)
	s.Handle("commit_offsets", s.commit)
	s.Handle("list_committed_offsets", s.list)
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}

func (s *server) send(message maelstrom.Message) error {
	var request sendRequest
	if err := json.Unmarshal(message.Body, &request); err != nil {
		return err
	}
	s.mutex.Lock()
	offset := len(s.logs[request.Key])
	s.logs[request.Key] = append(s.logs[request.Key], request.Msg)
	s.mutex.Unlock()
	return s.Reply(message, sendOk{"send_ok", offset})
}

func (s *server) poll(message maelstrom.Message) error {
	var request offsetsRequest
	if err := json.Unmarshal(message.Body, &request); err != nil {
		return err
	}
	msgs := map[string][][2]any{}
	s.mutex.RLock()
	for key, start := range request.Offsets {
		msgs[key] = [][2]any{}
		messages := s.logs[key]
		for offset := start; offset < min(len(messages), start+pollLimit); offset++ {
			msgs[key] = append(msgs[key], [2]any{offset, messages[offset]})
		}
	}
	s.mutex.RUnlock()
	return s.Reply(message, pollOk{"poll_ok", msgs})
}

func (s *server) commit(message maelstrom.Message) error {
	var request offsetsRequest
	if err := json.Unmarshal(message.Body, &request); err != nil {
		return err
	}
	s.mutex.Lock()
	for key, offset := range request.Offsets {
		if known, ok := s.committed[key]; !ok || known < offset {
			s.committed[key] = offset // it never goes back
		}
	}
	s.mutex.Unlock()
	return s.Reply(message, commitOk{"commit_offsets_ok"})
}

func (s *server) list(message maelstrom.Message) error {
	var request listRequest
	if err := json.Unmarshal(message.Body, &request); err != nil {
		return err
	}
	offsets := map[string]int{}
	s.mutex.RLock()
	for _, key := range request.Keys {
		if offset, ok := s.committed[key]; ok { // 0 would say that the first message has been processed
			offsets[key] = offset
		}
	}
	s.mutex.RUnlock()
	return s.Reply(message, listOk{"list_committed_offsets_ok", offsets})
}
