package hes

// Type says how the values of a field are written, compared and sorted.
//
// Everywhere in the program a value is its canonical text, and the empty text
// means "not recorded": no HES value is empty. Text keeps leading zeros and
// the digits of 20-digit keys, which numbers do not.
type Type uint8

// The types, with the canonical text of their values.
const (
	Code    Type = iota + 1 // a code or short text, compared byte by byte: "01", "RAL", "L400"
	Key                     // an identifier with about as many values as rows: "310000000123"
	Date                    // a day, "2008-04-01"
	Int                     // a whole number, "0", "-3", "29200"
	Decimal                 // a decimal number, "33.5123"
)

// String returns the type's name as dictionary.csv spells it.
func (t Type) String() string {
	return [...]string{"", "code", "key", "date", "int", "decimal"}[t]
}

// Class is the disclosure class of a field: who may see it by default.
// Source: the classes of our governance notes, worked out from the fields that
// needed special approval in the 2010 HES data dictionary.
type Class uint8

// The classes, from the harmless to the forbidden. The zero Class is not
// valid, so a field that nobody classified cannot be loaded.
const (
	Public     Class = iota + 1 // says nothing of a patient: versions, dates of processing
	Ordinary                    // the body of the record
	Quasi                       // identifies when combined: small areas, month of birth, person keys
	Sensitive                   // once needed special approval: consultant, legal status, general practitioner
	Prohibited                  // identifies directly: names, addresses, NHS number, full date of birth
)

// String returns the class's name as dictionary.csv spells it.
func (c Class) String() string {
	return [...]string{"", "public", "ordinary", "quasi", "sensitive", "prohibited"}[c]
}

// Field is one field of the admitted patient care data set.
type Field struct {
	Name    string // as the HES dictionary spells it: "ADMIMETH", "DIAG_02"; a whole family is "DIAG_nn"
	Family  string // for a slot of a repeated field its family's name, "DIAG_nn"; else empty
	Slot    int    // for a slot its number, from 1; else 0
	Slots   int    // for a family the number of its slots, which is also its last; else 0
	First   int    // for a family its first slot: 1, or 2 for its further slots ("DIAG_02_nn"), whose Family is the whole; else 0
	Label   string // short, for people: "Admission method"
	Meaning string // one plain sentence
	Type    Type
	Group   string // heading in the dictionary and on the record page: "Admission"
	Class   Class
	Codes   string // name of the code list of its values; empty if it has none
	From    string // first and last financial year in which it was collected, "1989-90"; empty if not known
	To      string
	Source  string // where the definition was read: "TOS" is the HES technical output specification
	AliasOf string // for an older or delivery name, the field that its values belong to
	Repeats string // for a column that only repeats others, what it repeats; such columns are left out of a load
}

// Derived tells whether the program works the field out; a column of that name
// in a raw file is not taken.
func (f Field) Derived() bool { return f.Group == "Derived" }

// OfOthers tells whether the field is worked out from other episodes of the same
// person, whenever and wherever those were, and so tells of them.
func (f Field) OfOthers() bool {
	switch f.Name {
	case "READMITTED_30", "CHARLSON_1Y", "CHARLSON_5Y", "ELIXHAUSER_1Y", "ELIXHAUSER_5Y":
		return true
	}
	return false
}

// List tells whether the field is a family of slots: its value is a list, and a
// condition on it holds when any slot meets it.
func (f Field) List() bool { return f.Slots > 0 }

// Well-known names. They are spelt as in the HES dictionary.
const (
	PersonField   = "TOKEN_PERSON_ID" // the pseudonymous person key; older names are aliases of it
	EpisodeKey    = "EPIKEY"
	YearField     = "FYEAR"
	AdmissionDate = "ADMIDATE"
	SpellField    = "PROVIDER_SPELL"
	AnyDiagnosis  = "DIAG_nn"
	AnyProcedure  = "OPERTN_nn"
	MainDiagnosis = "DIAG_01"
	MainProcedure = "OPERTN_01"

	FurtherDiagnosis = "DIAG_02_nn" // any but the main one
	FurtherProcedure = "OPERTN_02_nn"
)
