package js

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

// ServeIfChild serves calls and never returns when this process was started by a
// [Sandbox] of the same program; otherwise it does nothing. A program that runs functions
// has to call it at the very start of main, and its tests at the start of TestMain.
func ServeIfChild() {
	if !isChild() {
		return
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Exit(0)
}

func isChild() bool { return len(os.Args) == 1 && os.Args[0] == childName }

// server is the child's side.
type server struct {
	host      *hostCode
	memory    int
	libraries map[string]*library
	spare     *machine // made ready for a question like the last
	used      *machine // of the last question, until it is answered
}

// serve answers until there are no more questions.
func serve(in io.Reader, out io.Writer) error {
	questions := bufio.NewReader(in)
	m, err := receive(questions)
	if err != nil {
		return err
	}
	s := &server{libraries: map[string]*library{}}
	if err := s.greet(m); err != nil {
		return err
	}
	if err := send(out, message{kind: kindReady}); err != nil {
		return err
	}
	for {
		m, err := receive(questions)
		if err != nil {
			return nil // the program has ended
		}
		stop := watch(questions)
		if err := s.respond(m, out); err != nil {
			return err
		}
		s.renew()
		stop()
	}
}

// respond answers a question, on the goroutine that has read it: handing it to another
// one costs more than an empty call.
func (s *server) respond(m message, out io.Writer) error {
	reply, err := s.answer(m)
	if err != nil || reply.kind == 0 {
		return err
	}
	return send(out, reply)
}

// watchAfter is when a call counts as long.
const watchAfter = 20 * time.Millisecond

// watch ends the process when the program ends in the midst of a long call. Until the
// function that it returns was called, nothing else may read the questions; a watch that
// has begun lasts until there is one.
func watch(questions *bufio.Reader) (stop func()) {
	seen := make(chan struct{})
	timer := time.AfterFunc(watchAfter, func() {
		defer close(seen)
		if _, err := questions.Peek(1); err != nil {
			os.Exit(0)
		}
	})
	return func() {
		if !timer.Stop() {
			<-seen
		}
	}
}

// greet takes the limits over. After it the process can open nothing any more.
func (s *server) greet(m message) error {
	fields, err := m.take(kindHello, 3)
	if err != nil {
		return err
	}
	memory, err := strconv.Atoi(fields[1])
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(fields[2])
	if err != nil {
		return err
	}
	s.memory = memory
	s.host = &hostCode{mark: fields[0], parts: map[string][]byte{}}
	if _, err := s.host.part("core"); err != nil {
		return err
	}
	runtime.GOMAXPROCS(2)                       // a call, and what goes on beside it; the runtime no longer asks the system
	time.Local = time.UTC                       // Make: Date has no other zone of its own
	time.AfterFunc(time.Hour, func() {}).Stop() // the runtime opens what its timers need
	debug.SetMemoryLimit(int64(memory) + goMemory/2)
	return lockIn(uint64(memory)+goMemory, uint64(seconds))
}

// answer returns the answer to a question, one without a kind when none is wanted.
func (s *server) answer(m message) (message, error) {
	switch m.kind {
	case kindLoad:
		return message{}, s.load(m.fields)
	case kindCall:
		return s.call(m)
	case kindTest:
		return s.test(m)
	}
	return message{}, errFrame
}

func (s *server) load(fields []string) error {
	if len(fields)%3 != 1 {
		return errFrame
	}
	var functions []Function
	for i := 1; i < len(fields); i += 3 {
		functions = append(functions, Function{fields[i], fields[i+1], fields[i+2]})
	}
	lib, err := compileLibrary(functions)
	s.libraries[fields[0]] = lib
	return err
}

// machine returns an engine for a question: the one that was made ready when it fits.
func (s *server) machine(fields []string) (*machine, error) {
	lib, zone := s.libraries[fields[0]], fields[2]
	if lib == nil {
		return nil, errFrame
	}
	milliseconds, err := strconv.Atoi(fields[1])
	if err != nil {
		return nil, errFrame
	}
	m, err := s.ready(lib, zone)
	if err != nil {
		return nil, err
	}
	m.deadline = time.Now().Add(time.Duration(milliseconds) * time.Millisecond)
	s.used = m
	return m, nil
}

func (s *server) ready(lib *library, zone string) (*machine, error) {
	m := s.spare
	s.spare = nil
	if m != nil && m.library == lib && m.zone == zone {
		return m, nil
	}
	if m != nil {
		m.close()
	}
	return newMachine(s.host, lib, zone, s.memory)
}

// renew throws the engine of the last question away and makes one ready for a further
// question like it.
func (s *server) renew() {
	m := s.used
	if m == nil {
		return
	}
	s.used = nil
	m.close()
	s.spare, _ = newMachine(s.host, m.library, m.zone, s.memory) // without one the question makes its own
}

func (s *server) call(q message) (message, error) {
	fields, err := q.take(kindCall, 6)
	if err != nil {
		return message{}, err
	}
	m, err := s.machine(fields)
	if err != nil {
		return message{}, err
	}
	return m.reply(m.call(fields[3], fields[5], fields[4] != "")), nil
}

func (s *server) test(q message) (message, error) {
	fields, err := q.take(kindTest, 5)
	if err != nil {
		return message{}, err
	}
	m, err := s.machine(fields)
	if err != nil {
		return message{}, err
	}
	if err := m.compileTest(fields[3], fields[4]); err == nil {
		m.run()
	} else {
		f := m.library.fault(err, fields[3])
		m.failed = &f
	}
	text, err := json.Marshal(m.tests)
	return m.reply(string(text)), err
}

// reply is the answer that the machine has come to.
func (m *machine) reply(text string) message {
	debug, _ := json.Marshal(m.debug) // texts always have a form in JSON
	r := message{kindResult, []string{flag(m.usedUp()), string(debug), text}}
	if len(text) > maxFrame/2 {
		m.fail(failure{Message: "the result of the function is too big"})
		r.fields[2] = ""
	}
	if m.failed != nil {
		failed, _ := json.Marshal(m.failed)
		r.kind, r.fields = kindFailure, append(r.fields, string(failed))
	}
	return r
}
