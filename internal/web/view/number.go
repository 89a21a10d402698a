package view

// NumberForm finds a patient by the hospital's own number.
type NumberForm struct {
	None       string // said where the data hold no numbers, in place of the forms
	Errors     []FormError
	Number     FormField
	Exceptions bool // the agreement allows them
	Closed     string
	Other      []FormField
}

// ExceptionsList is all exceptions.
type ExceptionsList struct {
	Lead          bool
	Waiting, Done []ExceptionLine
}

// ExceptionLine is one of them.
type ExceptionLine struct {
	When, Display, Name, URL, Ref, RefURL, Reason, Found, Due, Reviewed, Action string
	EventsURL                                                                   string // what the person did on that day
	Late                                                                        bool
}
