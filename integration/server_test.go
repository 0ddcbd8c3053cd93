package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/sqlstore"
)

// An engine is a kind of server.
type engine struct {
	name       string
	driver     string
	dialect    sqlstore.Dialect
	user       string    // whom it runs as if the tests run as root
	stopSignal os.Signal // ends it in order, without waiting for clients
	addrEnv    string    // where the address of the shared server is passed to children

	programs func() (map[string]string, error)
	initial  func(programs map[string]string, folder string) []string // command that makes the data
	serve    func(programs map[string]string, folder string, port int) []string
	source   func(addr string) string // data source name

	once   sync.Once
	shared *server
	err    error
}

var engines = []*engine{postgres, mariadb}

// A server is a process with its data.
type server struct {
	*engine
	programs map[string]string
	folder   string
	port     int
	log      *os.File
	cmd      *exec.Cmd
	ended    chan struct{} // closed when the process has ended
}

func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// address is that of the server that tests share, started when it is first needed.
func (e *engine) address(t testing.TB) string {
	t.Helper()
	if addr := os.Getenv(e.addrEnv); addr != "" { // of the parent process
		return addr
	}
	e.once.Do(func() {
		if e.shared, e.err = e.start(); e.err == nil {
			e.err = os.Setenv(e.addrEnv, e.shared.addr())
		}
	})
	if errors.Is(e.err, exec.ErrNotFound) {
		t.Skip(e.err)
	}
	if e.err != nil {
		t.Fatal(e.err)
	}
	return e.shared.addr()
}

// own starts a server that the test may stop and kill.
func (e *engine) own(t testing.TB) *server {
	t.Helper()
	s, err := e.start()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	return s
}

// start makes a folder with new data and starts a server on it.
func (e *engine) start() (*server, error) {
	programs, err := e.programs()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "clientele-"+e.name+"-")
	if err != nil {
		return nil, err
	}
	s := &server{engine: e, programs: programs, folder: folder}
	if err := s.prepare(); err != nil {
		s.remove()
		return nil, fmt.Errorf("%s: %w", e.name, err)
	}
	for range 3 { // another process may be faster to take a port that was free
		if s.port, err = freePort(); err == nil {
			if err = s.run(); err == nil {
				return s, nil
			}
		}
	}
	s.remove()
	return nil, fmt.Errorf("%s: %w", e.name, err)
}

func (s *server) prepare() (err error) {
	if s.log, err = os.Create(filepath.Join(s.folder, "log")); err != nil {
		return err
	}
	if uid, gid, ok := s.runAs(); ok {
		if err := os.Chown(s.folder, uid, gid); err != nil {
			return err
		}
	}
	cmd := s.command(s.initial(s.programs, s.folder))
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w:\n%s", err, s.logged())
	}
	return nil
}

// runAs is the user the server runs as, if that is not the one of the tests.
func (s *server) runAs() (uid, gid int, ok bool) {
	if os.Getuid() != 0 {
		return 0, 0, false
	}
	for _, name := range []string{s.user, "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ = strconv.Atoi(u.Uid)
			gid, _ = strconv.Atoi(u.Gid)
			return uid, gid, true
		}
	}
	return 65534, 65534, true
}

func (s *server) command(args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.folder, "TMPDIR=" + s.folder, "LC_ALL=C"}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	uid, gid, ok := s.runAs()
	cmd.SysProcAttr = attributes(uid, gid, ok)
	return cmd
}

// run starts the process and waits until it answers.
func (s *server) run() error {
	s.cmd = s.command(s.serve(s.programs, s.folder, s.port))
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(s.cmd, s.ended)
	db, err := sql.Open(s.driver, s.source(s.addr()))
	if err != nil {
		return err
	}
	defer db.Close()
	for range 3000 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err = db.PingContext(ctx)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("server has ended:\n%s", s.logged())
		case <-time.After(20 * time.Millisecond):
		}
	}
	s.kill()
	return fmt.Errorf("server does not answer: %w\n%s", err, s.logged())
}

// stop ends the server in order; kill at once.
func (s *server) stop() { s.signal(s.stopSignal) }
func (s *server) kill() { s.signal(os.Kill) }

func (s *server) signal(signal os.Signal) {
	if s.cmd == nil || s.ended == nil {
		return
	}
	_ = s.cmd.Process.Signal(signal)
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

func (s *server) remove() {
	s.kill()
	if s.log != nil {
		s.log.Close()
	}
	for range 50 { // processes of a killed server may still be ending
		if os.RemoveAll(s.folder) == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *server) logged() []byte {
	text, _ := os.ReadFile(s.log.Name())
	return bytes.TrimSpace(text[max(0, len(text)-4000):])
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// prefix is a name of tables that stands for a directory.
func prefix(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return "t" + hex.EncodeToString(sum[:8])
}

// database opens a pool of connections.
func (e *engine) database(addr string, connections int) (*sql.DB, error) {
	db, err := sql.Open(e.driver, e.source(addr))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// open opens a store with tables of their own for dir.
func (e *engine) open(ctx context.Context, addr, dir string, connections int) (store.Store, error) {
	db, err := e.database(addr, connections)
	if err != nil {
		return nil, err
	}
	s, err := sqlstore.Open(ctx, db, e.dialect, &sqlstore.Options{Prefix: prefix(dir), CloseDB: true})
	if err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}
