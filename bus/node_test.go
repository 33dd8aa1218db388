package bus_test

func node() {}
