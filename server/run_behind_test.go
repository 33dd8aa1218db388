package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
)

// TestRunsOfOtherNodes: a run is cancelled wherever it is at work, and on record at once;
// its node hears of it.
func TestRunsOfOtherNodes(t *testing.T) { onEach(t, testRunsOfOtherNodes) }

func testRunsOfOtherNodes(t *testing.T, o *operator) {
	records := o.Node.Records.OfTeam(o.owner.teamID)
	away := &record.Run{ID: record.NewID("run", time.Now()), Kind: "module", App: "photos", Component: "searchPhotos", State: record.Running, Started: time.Now(), Node: "another"}
	if err := records.PutRuns(t.Context(), away); err != nil {
		t.Fatal(err)
	}
	if state := o.stateOf(t, away.ID); state != "running" {
		t.Errorf("a run of another node is %q", state)
	}
	var shown struct{ State, Ended string }
	o.post(t, "/v1/runs/"+away.ID+"/cancel", nil).is(t, http.StatusAccepted).into(t, &shown)
	if shown.State != "cancelled" || shown.Ended == "" || o.stateOf(t, away.ID) != "cancelled" {
		t.Errorf("cancelled, it is %+v", shown)
	}
	o.post(t, "/v1/runs/"+away.ID+"/cancel", nil).problem(t, http.StatusConflict, "ended")

	// One that is at work here is cancelled by another node, which has the records alone.
	g := newGate(t, o)
	var mine struct{ Run string }
	o.post(t, "/v1/run?async=1", o.search(1)).is(t, http.StatusAccepted).into(t, &mine)
	<-g.came
	if err := records.CancelRun(t.Context(), mine.Run); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its node has stopped it", func() bool {
		r, err := records.Run(t.Context(), mine.Run)
		return err == nil && r.Exchanges == 1
	})
	close(g.pass)
	if state := o.stateOf(t, mine.Run); state != "cancelled" {
		t.Errorf("it is %q", state)
	}
}

// TestCancel: a run that is at work here ends when it is told to.
func TestCancel(t *testing.T) { onEach(t, testCancel) }

func testCancel(t *testing.T, o *operator) {
	g := newGate(t, o)
	var mine struct{ Run string }
	o.post(t, "/v1/run?async=1", o.search(1)).is(t, http.StatusAccepted).into(t, &mine)
	<-g.came
	o.post(t, "/v1/runs/"+mine.Run+"/cancel", nil).is(t, http.StatusAccepted)
	eventually(t, "it is cancelled", func() bool { return o.stateOf(t, mine.Run) == "cancelled" })
	close(g.pass)
}
