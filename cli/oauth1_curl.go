package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
)

// isCurl reports whether a text is a curl command, as browsers and terminals give it.
func isCurl(text string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "$ ")), " ")
	return word == "curl"
}

// curlCommand is what a curl command says about the request.
type curlCommand struct {
	requestFlags
	get   bool
	plain []string // words without an option
}

// readCurl reads a curl command in the syntax of a POSIX shell. Nothing is run and no
// file is read: the text may come from anybody.
func readCurl(text string) (q oauth1.Request, authorization []string, err error) {
	words, err := shellWords(strings.TrimPrefix(strings.TrimSpace(text), "$ "))
	if err != nil {
		return q, nil, fmt.Errorf("the curl command cannot be read: %w", err)
	}
	var c curlCommand
	if err := c.read(words[1:]); err != nil {
		return q, nil, fmt.Errorf("the curl command cannot be read: %w", err)
	}
	if c.url == "" {
		if len(c.plain) != 1 {
			return q, nil, fmt.Errorf("the curl command has %d addresses, not one", len(c.plain))
		}
		c.url = c.plain[0]
	}
	if !strings.Contains(c.url, "://") {
		c.url = "http://" + c.url // as curl does
	}
	if c.get {
		separator := "?"
		if strings.Contains(c.url, "?") {
			separator = "&"
		}
		c.url, c.data = c.url+separator+strings.Join(c.data, "&"), nil
	}
	return c.request(nil)
}

// curlOptions are the options that say something about the request; to those of the
// second table a word belongs that says nothing about it.
var (
	curlOptions = map[string]func(c *curlCommand, text string) error{
		"-X":               func(c *curlCommand, text string) error { c.method = text; return nil },
		"-H":               func(c *curlCommand, text string) error { c.headers = append(c.headers, text); return nil },
		"-d":               (*curlCommand).body,
		"--data-raw":       func(c *curlCommand, text string) error { c.data = append(c.data, text); return nil },
		"--data-urlencode": (*curlCommand).encoded,
		"--json": func(c *curlCommand, text string) error {
			c.headers = append(c.headers, "Content-Type: application/json")
			return c.body(text)
		},
		"--url": func(c *curlCommand, text string) error { c.url = text; return nil },
		"-F":    func(*curlCommand, string) error { return errors.New("a multipart form is not signed: leave -F away") },
	}
	curlNames = map[string]string{"--request": "-X", "--header": "-H", "--data": "-d", "--data-ascii": "-d", "--data-binary": "-d", "--form": "-F",
		"--get": "-G", "--head": "-I"}
	curlIgnored = map[string]bool{"-A": true, "--user-agent": true, "-b": true, "--cookie": true, "-c": true, "--cookie-jar": true, "-e": true, "--referer": true,
		"-m": true, "--max-time": true, "-o": true, "--output": true, "-u": true, "--user": true, "-w": true, "--write-out": true, "-x": true, "--proxy": true,
		"--connect-timeout": true, "--cacert": true, "--resolve": true, "--retry": true}
)

func (c *curlCommand) read(words []string) error {
	for len(words) > 0 {
		name, text, attached := curlOption(words[0])
		words = words[1:]
		set, takes := curlOptions[name]
		switch {
		case name == "":
			c.plain = append(c.plain, text)
			continue
		case name == "-G":
			c.get = true
		case name == "-I":
			c.method = "HEAD"
		}
		if !takes && !curlIgnored[name] {
			continue // a switch, such as --compressed
		}
		if !attached {
			if len(words) == 0 {
				return fmt.Errorf("%s has nothing behind it", name)
			}
			text, words = words[0], words[1:]
		}
		if takes {
			if err := set(c, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// curlOption takes a word apart: the option, and a text that stands in the same word. Of
// short options written together the last may take a text.
func curlOption(word string) (name, text string, attached bool) {
	switch {
	case word == "-" || !strings.HasPrefix(word, "-"):
		return "", word, false
	case strings.HasPrefix(word, "--"):
		if short, ok := curlNames[word]; ok {
			return short, "", false
		}
		return word, "", false
	}
	for i := 1; i < len(word); i++ {
		name = "-" + word[i:i+1]
		if _, takes := curlOptions[name]; takes || curlIgnored[name] {
			return name, word[i+1:], i+1 < len(word)
		}
		if name == "-G" || name == "-I" {
			return name, "", false
		}
	}
	return name, "", false
}

// body is -d.
func (c *curlCommand) body(text string) error {
	if strings.HasPrefix(text, "@") {
		return errors.New("the body is in a file: write it into the command, with --data-raw")
	}
	c.data = append(c.data, text)
	return nil
}

// encoded is --data-urlencode: name=content, of which the content is encoded.
func (c *curlCommand) encoded(text string) error {
	name, content, named := strings.Cut(text, "=")
	if !named && strings.Contains(text, "@") {
		return errors.New("the body is in a file: write it into the command, with --data-raw")
	}
	switch {
	case !named:
		text = oauth1.PercentEncode(text)
	case name == "":
		text = oauth1.PercentEncode(content)
	default:
		text = name + "=" + oauth1.PercentEncode(content)
	}
	c.data = append(c.data, text)
	return nil
}
