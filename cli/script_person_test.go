package cli

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/cleat-run/cleat/internal/visitor"
)

// browse is the browser that cleat opens: whoever sits before it presses the button that
// $DECISION names, allow by default. The page at the end is left in $PAGE.
func browse() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	page, err := visit(ctx, os.Args[1])
	if err != nil {
		page = err.Error()
	}
	if file := os.Getenv("PAGE"); file != "" {
		os.WriteFile(file, []byte(page), 0o600)
	}
}

// visit returns the page that the person sees, or, when they are not at this machine
// ($DECISION is away), the address that they are sent to.
func visit(ctx context.Context, address string) (seen string, err error) {
	switch decision := os.Getenv("DECISION"); decision {
	case "":
		return visitor.Visit(ctx, address, visitor.Allow)
	case "look": // and do nothing
		return visitor.Open(ctx, address)
	case "away":
		_, seen, err := visitor.Answer(ctx, address, visitor.Allow)
		return seen, err
	case "stray": // other answers come first
		_, back, err := visitor.Answer(ctx, address, visitor.Allow)
		if err != nil {
			return "", err
		}
		page, _, _ := strings.Cut(back, "?")
		for _, query := range []string{"?oauth_token=wrong&oauth_verifier=x", "?state=wrong&code=x", "?denied=wrong", ""} {
			other, err := visitor.Open(ctx, page+query)
			if err != nil {
				return "", err
			}
			seen += other
		}
		right, err := visitor.Open(ctx, back)
		return seen + right, err
	default:
		return visitor.Visit(ctx, address, decision)
	}
}

// look is a browser for one page, which it prints: visit ADDRESS.
func look() {
	page, err := visitor.Open(context.Background(), os.Args[1])
	check(err)
	fmt.Print(page)
}

var (
	toVisit = regexp.MustCompile(`https?://[^\s"]+/oauth/authorize[^\s"]*`)
	pin     = regexp.MustCompile(`<code id="pin">([^<]*)</code>`)
)

// person runs a command, passes on what it prints, visits the first authorize address
// in it, and types the code that the page shows, or the address they were sent to: person COMMAND ARGUMENT…
func person() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	typed, err := cmd.StdinPipe()
	check(err)
	out, err := cmd.StdoutPipe()
	check(err)
	errs, err := cmd.StderrPipe()
	check(err)
	check(cmd.Start())
	found := make(chan string, 2)
	done := make(chan struct{}, 2)
	pass := func(from io.Reader, to io.Writer) {
		defer func() { done <- struct{}{} }()
		lines := bufio.NewScanner(from)
		for lines.Scan() {
			fmt.Fprintln(to, lines.Text())
			if address := toVisit.FindString(lines.Text()); address != "" {
				found <- address
			}
		}
	}
	go pass(out, os.Stdout)
	go pass(errs, os.Stderr)
	go func() {
		seen, err := visit(context.Background(), html.UnescapeString(<-found))
		if err != nil {
			fmt.Fprintln(os.Stderr, "visit:", err)
		}
		if m := pin.FindStringSubmatch(seen); m != nil {
			seen = m[1]
		}
		if !strings.Contains(seen, "<") {
			fmt.Fprintln(typed, seen)
		}
	}()
	<-done
	<-done
	if cmd.Wait() != nil {
		os.Exit(cmd.ProcessState.ExitCode())
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}

// fetch makes one request and prints status and body: fetch METHOD ADDRESS [BODY [HEADER…]].
func fetch() {
	args := os.Args[1:]
	if len(args) == 2 {
		args = append(args, "")
	}
	req, err := http.NewRequest(args[0], args[1], strings.NewReader(args[2]))
	check(err)
	for _, line := range args[3:] {
		name, text, _ := strings.Cut(line, ": ")
		if req.Header.Set(name, text); name == "Host" {
			req.Host = text
		}
	}
	res, err := http.DefaultClient.Do(req)
	check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(err)
	fmt.Println(res.StatusCode, strings.TrimSpace(string(body)))
}
