package view

// Chooser is the page, and the window, on which columns are chosen.
type Chooser struct {
	Hidden    []Pair // the state of the list, without its columns
	Return    string
	Shown     []Choice // in the order of the list
	Groups    []ChoiceGroup
	Carried   []string // chosen ones that Find leaves out
	Find      string
	Most      int
	Problem   string
	Spells    bool   // of a list of spells
	Agreement string // for which the page was made
}

// ChoiceGroup is a group of columns under a heading.
type ChoiceGroup struct {
	Title   string
	Choices []Choice
	Chosen  int
}

// Add puts a column under its heading.
func (c *Chooser) Add(group string, x Choice) {
	for i := range c.Groups {
		if c.Groups[i].Title == group {
			c.Groups[i].Choices = append(c.Groups[i].Choices, x)
			if x.On {
				c.Groups[i].Chosen++
			}
			return
		}
	}
	c.Groups = append(c.Groups, ChoiceGroup{Title: group})
	c.Add(group, x)
}
