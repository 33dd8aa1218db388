package form

var (
	anyType    = Type{Name: "any", Summary: "Anything, unchanged."}
	hiddenType = Type{Name: "hidden", Summary: "A value that is not shown.", Secret: true}
)
