package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// credentialFlags name the client and the resource owner. Each value may stand in the
// flag, in a file (@FILE) or in the environment, so that no secret has to stand in the
// history of the shell.
type credentialFlags struct {
	consumerKey, consumerSecret string
	token, tokenSecret          string
	privateKey, passphrase      string
}

const environmentPrefix = "CLEAT_OAUTH1_"

func (c *credentialFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.consumerKey, "consumer-key", "", "`identifier` of the client")
	flags.StringVar(&c.consumerSecret, "consumer-secret", "", "shared `secret` of the client; @FILE reads it from a file")
	flags.StringVar(&c.token, "token", "", "`token` of the resource owner")
	flags.StringVar(&c.tokenSecret, "token-secret", "", "`secret` of the token; @FILE reads it from a file")
	flags.StringVar(&c.privateKey, "private-key", "", "`file` with the RSA key of the client in PEM")
	flags.StringVar(&c.passphrase, "passphrase", "", "`secret` that opens the private key; @FILE reads it from a file")
}

// resolve replaces what is in files or in the environment by its content.
func (c *credentialFlags) resolve(f *factory) error {
	for _, field := range []struct {
		text     *string
		variable string
	}{
		{&c.consumerKey, "CONSUMER_KEY"}, {&c.consumerSecret, "CONSUMER_SECRET"},
		{&c.token, "TOKEN"}, {&c.tokenSecret, "TOKEN_SECRET"}, {&c.passphrase, "PASSPHRASE"},
	} {
		if *field.text == "" {
			*field.text = f.env(environmentPrefix + field.variable)
			continue
		}
		if name, isFile := strings.CutPrefix(*field.text, "@"); isFile {
			content, err := f.read(name)
			if err != nil {
				return err
			}
			*field.text = trimLineEnd(string(content))
		}
	}
	var err error
	c.privateKey, err = f.readPEM(c.privateKey)
	return err
}

// readPEM reads a file with a key. A value that is the key itself is taken as it is: no
// error may name it as a file.
func (f *factory) readPEM(name string) (string, error) {
	if name == "" || strings.Contains(name, "-----BEGIN") {
		return name, nil
	}
	content, err := f.read(strings.TrimPrefix(name, "@"))
	return string(content), err
}
