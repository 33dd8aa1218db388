package appdrive

import (
	"strings"
	"testing"
)

// known are the problems of public apps that are their own, or that no stub can do without
// knowing the service, by app and component: the component must have a problem with this
// text, and no other.
var known = map[string]string{
	// The base has an address without https://.
	"cats-public-516594/GetBreed":        noScheme,
	"cats-public-516594/GetFavorite":     noScheme,
	"cats-public-516594/ListBreeds":      noScheme,
	"cats-public-516594/ListCategories":  noScheme,
	"cats-public-516594/ListFavorites":   noScheme,
	"cats-public-516594/SearchForABreed": noScheme,
	// A format of dates is not in quotes: formatDate(x,YYYY-MM-DDTHH:mm:ss).
	"sos-inventory/ListShipments":   noQuotes,
	"sos-inventory/listInvoices":    noQuotes,
	"sos-inventory/listSalesOrders": noQuotes,
	// merge joins arrays; here it is given headers, which are none before an answer, and a
	// collection.
	"domotz-tnc01x/makeApiCall": "headers must be an object, but is array",
	// A function reads payload.text of every block, which nothing in the definition names.
	"tally-2-qd6cu0/updateDropdownOption": "cannot read property 'text' of undefined",
}

const (
	noScheme = "must begin with http:// or https://"
	noQuotes = "(/qs/from) Unexpected :"
)

// report fails a test for problems that are not known, and for known ones that are gone.
func (p *problems) report(t *testing.T, name string) {
	text, expected := known[name]
	if expected && len(p.list) == 0 {
		t.Errorf("%s is clean: it is known for %q", name, text)
	}
	for _, problem := range p.list {
		if expected && strings.Contains(problem, text) {
			t.Logf("known: %s", problem)
			continue
		}
		t.Error(problem)
	}
}
