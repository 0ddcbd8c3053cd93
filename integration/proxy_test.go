package integration

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A proxy passes connections on to a server, and can cut them: it then lets a
// request through and swallows the answer.
type proxy struct {
	net.Listener
	to    string
	armed atomic.Int64 // requests until the one whose answer is swallowed; 0: none
	cuts  atomic.Int64
	open  sync.WaitGroup
}

func newProxy(t *testing.T, to string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{Listener: l, to: to}
	p.open.Go(p.accept)
	t.Cleanup(func() {
		p.Close()
		p.open.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.Accept()
		if err != nil {
			return
		}
		p.open.Go(func() { p.pass(client) })
	}
}

// pass copies in both directions until one of them ends or the connection is cut.
func (p *proxy) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer server.Close()
	var cut atomic.Bool
	var back sync.WaitGroup
	back.Go(func() {
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if err != nil || cut.Load() {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			break
		}
		// Clients wait for the answer before they send the next request.
		if p.armed.Load() > 0 && p.armed.Add(-1) == 0 {
			cut.Store(true)
			p.cuts.Add(1)
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			break
		}
	}
	if c, ok := server.(*net.TCPConn); ok && cut.Load() {
		_ = c.CloseWrite()
		back.Wait() // the answer has come, or the server has given up
	}
	server.Close()
	back.Wait()
}

// arm swallows the answer to the n-th request from now on; 0 is none.
func (p *proxy) arm(n int) { p.armed.Store(int64(n)) }

// settle gives the server time to finish what it was told before a connection ended.
func settle() { time.Sleep(30 * time.Millisecond) }
