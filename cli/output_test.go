package cli

import "testing"

func TestProposedCommandsAreQuoted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"alice": "alice", "my-app/v1.2": "my-app/v1.2", "a@b.c": "a@b.c", "": "''",
		"my name": "'my name'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "über": "'über'", "a;b": "'a;b'",
	} {
		if got := shellWord(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}

func TestTablesKeepTheirColumns(t *testing.T) {
	t.Parallel()
	got := table([][]string{{"KIND", "ID", "USES"}, {"rpc", "", "key"}, {"module", "a\tb\nc", ""}})
	want := "KIND    ID     USES\nrpc            key\nmodule  a b c\n"
	if got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}
