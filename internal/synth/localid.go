package synth

import (
	"hash/fnv"
	"math/rand/v2"
)

// numbering is how a provider numbers the patients that it treats: LOPATID, up to
// ten characters (HES data dictionary, inpatients 2010). A number is one person's
// within the provider and stays with that person; another provider has another
// number for the same person, and may have given this one to somebody else.
//
// It is worked out from the person and draws nothing, so that an extract is the
// same in all other columns with and without it.
type numbering struct{ step, from int }

// numbered is within how many people a provider's numbers are mixed: few, so that
// the numbers of two providers meet often, as short numbers of real ones do.
const numbered = 100_000

// localMark starts every local number: no hospital's begins so.
const localMark = "SY"

func newNumbering(seed uint64, code string) numbering {
	h := fnv.New64a()
	_, _ = h.Write([]byte(code)) // never fails
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	// A step that has no divisor in common with the 100,000 meets every number once.
	return numbering{step: 10*r.IntN(numbered/10) + [...]int{1, 3, 7, 9}[r.IntN(4)], from: r.IntN(numbered)}
}

// of is a person's number: SY and eight digits.
func (n numbering) of(person int) string {
	return localMark + digits3(person/numbered) + number5((person%numbered*n.step+n.from)%numbered)
}
