package iml

// Reference is one use of a variable in a text.
type Reference struct {
	Root       string   // the name of the root, such as parameters
	Path       []string // the names behind it, up to the first step that is computed
	Start, End int      // bytes of the text
}

// References returns the variables that the program reads with their paths, outer ones
// first. Places are those of the text that was compiled.
func (p *Program) References() []Reference {
	var all []Reference
	inPath := map[*node]bool{} // names that were met as the beginning of a path
	p.visit(func(n *node) {
		switch {
		case n.kind == kindName && !inPath[n]:
			all = append(all, Reference{Root: n.text, Start: n.start, End: n.end})
		case n.kind == kindPath && n.args[0].kind == kindName:
			inPath[n.args[0]] = true
			all = append(all, Reference{n.args[0].text, literalSteps(n.segs), n.start, n.end})
		}
	})
	return all
}

func literalSteps(segs []segment) []string {
	var names []string
	for _, s := range segs {
		if s.expr != nil || s.isFirst {
			break
		}
		names = append(names, s.name)
	}
	return names
}
