package form

var (
	bannerType    = Type{Name: "banner", Summary: "A message in the form.", Display: true, Keys: "title text closable theme badge"}
	htmlType      = Type{Name: "html", Summary: "HTML in the form; a banner is better.", Display: true}
	markdownType  = Type{Name: "markdown", Summary: "Markdown in the form.", Display: true}
	separatorType = Type{Name: "separator", Summary: "A line in the form.", Display: true}
)
