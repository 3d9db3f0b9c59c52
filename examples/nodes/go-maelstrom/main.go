// A correct node for Gossip Glomers 5a on Maelstrom's own Go library, as most people write it: a handler for each RPC.
// The library runs every handler in a goroutine of its own, so what they share is under a lock. An error that a handler
// returns becomes the reply, as one of the library's own kind with its code. But the library ends the node at a request
// for which there is no handler: so `refuseUnknown` reads before it.
//
//	cd examples/nodes/go-maelstrom && go build -o ../../../my-node . && cd ../../..
//	kafkasim simulate examples/scenarios/gossip-glomers-5a.yaml --bin ./my-node
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"slices"
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
	Offsets map[string]*int `json:"offsets"`
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
	handlers := map[string]maelstrom.HandlerFunc{
		"send": s.send, "poll": s.poll, "commit_offsets": s.commit, "list_committed_offsets": s.list,
	}
	for kind, handler := range handlers {
		s.Handle(kind, handler)
	}
	s.Stdin = s.refuseUnknown(s.Stdin, handlers)
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}

// What is left of the input once requests for which there is no handler have been answered.
func (s *server) refuseUnknown(in io.Reader, handlers map[string]maelstrom.HandlerFunc) io.Reader {
	left, out := io.Pipe()
	go func() {
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			var message maelstrom.Message
			if err := json.Unmarshal(lines.Bytes(), &message); err != nil {
				log.Fatal(err)
			}
			if kind := message.Type(); kind != "init" && handlers[kind] == nil {
				s.Reply(message, maelstrom.NewRPCError(maelstrom.NotSupported, "unknown request"))
			} else {
				out.Write(append(lines.Bytes(), '\n'))
			}
		}
		out.CloseWithError(lines.Err()) // without an error: the end
	}()
	return left
}

func malformed(problem string) error {
	return maelstrom.NewRPCError(maelstrom.MalformedRequest, problem)
}

func (request *offsetsRequest) read(body json.RawMessage) error {
	if err := json.Unmarshal(body, request); err != nil {
		return malformed(err.Error())
	}
	if request.Offsets == nil {
		return malformed("offsets is missing")
	}
	for key, offset := range request.Offsets {
		if key == "" || offset == nil || *offset < 0 {
			return malformed("offsets: expected integers from 0 on, by key")
		}
	}
	return nil
}

func (s *server) send(message maelstrom.Message) error {
	var request sendRequest
	if err := json.Unmarshal(message.Body, &request); err != nil {
		return malformed(err.Error())
	}
	if request.Key == "" || request.Msg == nil {
		return malformed("key or msg is missing")
	}
	s.mutex.Lock()
	offset := len(s.logs[request.Key])
	s.logs[request.Key] = append(s.logs[request.Key], request.Msg)
	s.mutex.Unlock()
	return s.Reply(message, sendOk{"send_ok", offset})
}

func (s *server) poll(message maelstrom.Message) error {
	var request offsetsRequest
	if err := request.read(message.Body); err != nil {
		return err
	}
	msgs := map[string][][2]any{}
	s.mutex.RLock()
	for key, start := range request.Offsets {
		msgs[key] = [][2]any{}
		messages := s.logs[key]
		for offset := *start; offset < min(len(messages), *start+pollLimit); offset++ {
			msgs[key] = append(msgs[key], [2]any{offset, messages[offset]})
		}
	}
	s.mutex.RUnlock()
	return s.Reply(message, pollOk{"poll_ok", msgs})
}

func (s *server) commit(message maelstrom.Message) error {
	var request offsetsRequest
	if err := request.read(message.Body); err != nil {
		return err
	}
	s.mutex.Lock()
	for key, offset := range request.Offsets {
		if known, ok := s.committed[key]; !ok || known < *offset {
			s.committed[key] = *offset // it never goes back
		}
	}
	s.mutex.Unlock()
	return s.Reply(message, commitOk{"commit_offsets_ok"})
}

func (s *server) list(message maelstrom.Message) error {
	var request listRequest
	if err := json.Unmarshal(message.Body, &request); err != nil {
		return malformed(err.Error())
	}
	if request.Keys == nil || slices.Contains(request.Keys, "") {
		return malformed("keys: expected a list of keys")
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
