package store_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "cleat")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	r := &connect.Record{
		Name: "Ana's board",
		App:  "trello",
		Type: "trello2",
		Kind: connect.OAuth1,
		Data: value.Object("token", value.Text("hh5s93j4hdidpola")).Collection(),
	}
	if err := s.InsertConnection(ctx, r); err != nil {
		log.Fatal(err)
	}
	mine, err := s.ConnectionNamed(ctx, "Ana's board")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(mine.ID, mine.Version, mine.Data.Get("token").Str())

	// Two have read version 1; the second to write is told so.
	mine.Broken = "the token was refused"
	fmt.Println(s.UpdateConnection(ctx, mine), mine.Version)
	fmt.Println(errors.Is(s.UpdateConnection(ctx, r), connect.ErrConflict))
	// Output:
	// 1 1 hh5s93j4hdidpola
	// <nil> 2
	// true
}

func ExampleNextKeyset() {
	first, err := store.NextKeyset(nil)
	if err != nil {
		log.Fatal(err)
	}
	second, err := store.NextKeyset(first)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(second) > len(first))
	// Output: true
}
