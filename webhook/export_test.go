package webhook

import "context"

// WriteBatch lets requests that arrived together be written, one delivery each, and returns
// what each of them was told.
func WriteBatch(ctx context.Context, store Store, deliveries ...*Delivery) []error {
	var batch []*entry
	for _, d := range deliveries {
		batch = append(batch, &entry{[]*Delivery{d}, make(chan error, 1)})
	}
	write(ctx, store, batch)
	told := make([]error, len(batch))
	for i, e := range batch {
		told[i] = <-e.done
	}
	return told
}
