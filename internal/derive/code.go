package derive

import "strings"

// Code is a code of at most four bytes, packed with its first byte highest, so
// that codes sort as their texts do: "2B" is '2'<<24 | 'B'<<16. 0 is "not
// recorded".
type Code uint32

// Pack returns a text as a Code; of a longer text its first four bytes.
func Pack(text string) Code {
	var c Code
	for i := 0; i < len(text) && i < 4; i++ {
		c |= Code(text[i]) << (24 - 8*i)
	}
	return c
}

// String returns the code as text.
func (c Code) String() string {
	return strings.TrimRight(string([]byte{byte(c >> 24), byte(c >> 16), byte(c >> 8), byte(c)}), "\x00")
}

func (c Code) first() byte { return byte(c >> 24) }

// The codes that rules name, one to three characters long; their meanings are in
// the code lists of package hes.
const (
	is1 Code = '1' << 24
	is2 Code = '2' << 24
	is3 Code = '3' << 24
	is4 Code = '4' << 24
	is5 Code = '5' << 24
	is8 Code = '8' << 24
	is9 Code = '9' << 24

	is11 = is1 | '1'<<16
	is12 = is1 | '2'<<16
	is13 = is1 | '3'<<16
	is19 = is1 | '9'<<16
	is21 = is2 | '1'<<16
	is2B = is2 | 'B'<<16
	is31 = is3 | '1'<<16
	is32 = is3 | '2'<<16
	is49 = is4 | '9'<<16
	is50 = is5 | '0'<<16
	is51 = is5 | '1'<<16
	is52 = is5 | '2'<<16
	is53 = is5 | '3'<<16
	is81 = is8 | '1'<<16
	is82 = is8 | '2'<<16
	is83 = is8 | '3'<<16
	is84 = is8 | '4'<<16
	is87 = is8 | '7'<<16

	is420 = is4 | '2'<<16 | '0'<<8
	is424 = is4 | '2'<<16 | '4'<<8
	is501 = is5 | '0'<<16 | '1'<<8
	is560 = is5 | '6'<<16 | '0'<<8
)

// ward tells whether an ADMISORC or DISDEST is a ward of an NHS hospital.
func (c Code) ward() bool { return c == is51 || c == is52 || c == is53 }

// secure tells whether an ADMISORC or DISDEST is a secure psychiatric ward of
// the NHS, which P1 counts among the hospitals as well.
func (c Code) secure() bool { return c == is49 || c == is50 }

// transferred tells whether an ADMIMETH is a transfer from another provider.
func (c Code) transferred() bool { return c == is2B || c == is81 }

// emergency tells whether an ADMIMETH is an emergency (A2, A4).
func (c Code) emergency() bool { return c.first() == '2' }

// elective tells whether an ADMIMETH is a planned admission (A2).
func (c Code) elective() bool { return c == is11 || c == is12 || c == is13 }

// obstetric tells whether a MAINSPEF or TRETSPEF is obstetrics or midwifery.
func (c Code) obstetric() bool { return c == is501 || c == is560 }

// regular tells whether a CLASSPAT is a regular day or night attender.
func (c Code) regular() bool { return c == is3 || c == is4 }

// discharged tells whether a DISMETH ends a spell: 1 to 5, as the
// specification says of SPELDUR.
func (c Code) discharged() bool { return c == is1 || c == is2 || c == is3 || c == is4 || c == is5 }
