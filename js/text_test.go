package js

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/value"
)

// FuzzDecode holds reading to two laws: any text ends without a panic, and what was read
// is written and read again without a change.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`[1,"a",null]`, `{"m:u":0}`, `{"m:d":1.5}`, `{"m:d":null}`, `{"m:b":"YQ=="}`, `{"m:b":5}`, `{"m:n":"-0"}`, `{"m:n":{}}`,
		`{"m:e":["DataError","x"]}`, `{"m:e":7}`, `{"m:i":"12345678901234567890"}`, `{"m:z":1}`, `{"m:":1}`, `{"m:u":0,"b":{"m:d":1e300}}`, strings.Repeat("[", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := decode("m:", text, map[float64]string{1 << 60: "1152921504606846977"})
		if err != nil {
			return
		}
		written, _, err := encode("m:", v)
		if err != nil {
			return // too deep
		}
		again, err := decode("m:", written, nil)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, written, err)
		}
		if twice, _, _ := encode("m:", again); twice != written {
			t.Errorf("%q, then %q", written, twice)
		}
	})
}

// FuzzReceive holds the protocol to the law that a message comes back as it was sent, and
// that any bytes end without a panic.
func FuzzReceive(f *testing.F) {
	for _, m := range []message{{kindReady, nil}, {kindCall, []string{"0", "", strings.Repeat("x", 300)}}} {
		var frame bytes.Buffer
		if err := send(&frame, m); err != nil {
			f.Fatal(err)
		}
		f.Add(frame.Bytes())
	}
	f.Add([]byte{255, 255, 255, 255, 0})
	f.Add([]byte{3, 0, 0, 0, 'c', 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4 && data[3] > 0 {
			data[3] = 0 // 16 MiB are enough
		}
		m, err := receive(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		var frame bytes.Buffer
		if err := send(&frame, m); err != nil {
			t.Fatal(err)
		}
		again, err := receive(bufio.NewReader(&frame))
		if err != nil || again.kind != m.kind || !slices.Equal(again.fields, m.fields) {
			t.Errorf("%v, then %v, %v", m, again, err)
		}
	})
}

// TestAChildRefusesWhatIsNoQuestion gives a child messages that no program sends.
func TestAChildRefusesWhatIsNoQuestion(t *testing.T) {
	t.Parallel()
	for _, m := range []message{
		{kindReady, nil}, {kindCall, nil}, {kindCall, []string{"7", "100", "UTC", "f", "", "[]"}},
		{kindTest, []string{"0"}}, {kindLoad, []string{"0", "name"}}, {kindHello, nil},
	} {
		s := &server{libraries: map[string]*library{}}
		if reply, err := s.answer(m); err == nil {
			t.Errorf("%v is answered with %v", m, reply)
		}
	}
	if err := serve(strings.NewReader(""), io.Discard); err != io.EOF {
		t.Errorf("without a greeting: %v", err)
	}
}

// TestAChildEndsWithItsProgram closes the pipe as the end of the program does, between
// calls and in the midst of one that takes an hour.
func TestAChildEndsWithItsProgram(t *testing.T) {
	t.Parallel()
	lib := NewLibrary([]Function{{"f", "f.js", "function f() { for (;;) ; }"}})
	for _, questions := range [][]message{
		nil,
		{lib.message(0), {kindCall, []string{"0", "3600000", "UTC", "f", "", "[]"}}},
	} {
		c, err := startChild(Options{Timeout: time.Second, Memory: 64 << 20}, newMark())
		if err != nil {
			t.Fatal(err)
		}
		defer c.kill()
		for _, m := range questions {
			if err := send(c.in, m); err != nil {
				t.Fatal(err)
			}
		}
		late := time.AfterFunc(20*time.Second, func() { _ = c.command.Process.Kill() })
		c.in.Close()
		if err := c.command.Wait(); err != nil {
			t.Errorf("after %d messages: %v%s", len(questions), err, c.words.text())
		}
		late.Stop()
	}
}

func TestResultsAreBounded(t *testing.T) {
	t.Parallel()
	m := &machine{library: &library{}}
	r := m.reply(strings.Repeat("x", maxFrame/2+1))
	if r.kind != kindFailure || r.fields[2] != "" || m.failed.Message != "the result of the function is too big" {
		t.Errorf("got %c, %d bytes, %+v", r.kind, len(r.fields[2]), m.failed)
	}
}

func TestMarksOfOthersMeanNothing(t *testing.T) {
	t.Parallel()
	v, err := decode("m:", `{"n:d":1}`, nil)
	if err != nil || v.Kind() != value.KindCollection {
		t.Errorf("got %s, %v", v.Kind(), err)
	}
}
