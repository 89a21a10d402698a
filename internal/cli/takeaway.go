package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/oversight"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/release"
	"webenablehes/internal/removal"
	"webenablehes/internal/staging"
	"webenablehes/internal/subset"
)

// takeAway takes away from a restored folder what was taken away since its backup.
type takeAway struct {
	g     *globals
	reg   *sqlstore.Store
	state removal.State
}

// all does it, and says what it came to. taken are the entries, of which the backup
// had the first ones.
func (t takeAway) all(taken []removal.Entry, had int) (string, error) {
	if err := removal.In(t.g.Data).Add(taken[had:]...); err != nil {
		return "", err
	}
	refs, places, accounts, err := t.access()
	if err != nil {
		return "", err
	}
	gone, err := t.destroyed()
	if err != nil {
		return "", err
	}
	rows, err := t.optOuts()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("taken away again: %s, %s on one, %s, %s, %s of people who opted out",
		plural(refs, "agreement"), plural(places, "place"), plural(accounts, "account"), plural(gone, "release"), plural(rows, "staged row")), nil
}

// access closes what is closed since.
func (t takeAway) access() (refs, places, accounts int, err error) {
	s, err := t.g.oversight(t.reg)
	if err != nil {
		return 0, 0, 0, err
	}
	by := oversight.Machine(systemUser())
	for _, ref := range slices.Sorted(maps.Keys(t.state.Revoked)) {
		a, err := t.reg.Agreement(t.g.ctx, ref)
		if fault.Of(err) == fault.NotFound || err == nil && !a.Revoked.IsZero() {
			continue
		}
		if err == nil {
			err = s.RevokeAgreement(t.g.ctx, by, ref, t.state.Revoked[ref])
		}
		if err != nil {
			return 0, 0, 0, err
		}
		refs++
	}
	users, err := t.reg.Users(t.g.ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, u := range users {
		named, err := t.reg.Memberships(t.g.ctx, u.ID)
		if err != nil {
			return 0, 0, 0, err
		}
		for _, m := range named {
			if !t.state.Removed[[2]string{u.Name, m.Agreement}] {
				continue
			}
			if err := s.TakeOff(t.g.ctx, by, u.Name, m.Agreement); err != nil {
				return 0, 0, 0, err
			}
			places++
		}
		if t.state.Closed[u.Name] && !u.Disabled {
			if err := s.SetClosed(t.g.ctx, by, u.Name, true); err != nil {
				return 0, 0, 0, err
			}
			accounts++
		}
	}
	return refs, places, accounts, nil
}

// destroyed destroys releases and staged rows that were destroyed since.
func (t takeAway) destroyed() (int, error) {
	r, area := release.Open(t.g.Data), staging.At(t.g.Data)
	list, err := r.List()
	if err != nil {
		return 0, err
	}
	var ids []string
	for _, m := range list {
		if t.state.Gone(m.ID) {
			ids = append(ids, m.ID)
		}
	}
	batches, err := area.Batches()
	if err != nil {
		return 0, err
	}
	return len(ids), t.destroy(ids, slices.DeleteFunc(batches, func(b string) bool { return !t.state.Gone(b) }))
}

// destroy destroys releases and staged rows, served and in force or not.
func (t takeAway) destroy(ids, batches []string) error {
	if len(ids)+len(batches) == 0 {
		return nil
	}
	r, area := release.Open(t.g.Data), staging.At(t.g.Data)
	unlock, err := r.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	parts, err := area.Current()
	if err != nil {
		return err
	}
	parts = slices.DeleteFunc(parts, func(p staging.Part) bool { return slices.Contains(batches, p.Batch) })
	if err := area.Replace(parts); err != nil {
		return err
	}
	current, err := r.Current()
	if err != nil && fault.Of(err) != fault.NotFound {
		return err
	}
	d := release.Destruction{Releases: ids, Batches: batches, Unserve: slices.Contains(ids, current), By: systemUser(), Why: "taken away since the backup that was restored"}
	if d.Exports, err = t.g.endFiles(ids, false); err != nil {
		return err
	}
	_, _, err = r.Destroy(t.g.ctx, d, t.g.now())
	return err
}

// optOuts takes the rows out of people who opted out since.
func (t takeAway) optOuts() (rows int, err error) {
	dict, _, err := vocabulary()
	if err != nil {
		return 0, err
	}
	if err := addOptOuts(t.g.Data, t.state.OptedOut); err != nil {
		return 0, err
	}
	found, rows, old, err := t.g.holding(dict, t.state.OptedOut)
	if err != nil || rows == 0 {
		return 0, err
	}
	r := release.Open(t.g.Data)
	current, err := r.Current()
	if fault.Of(err) == fault.NotFound { // nothing is served, and nothing is to be: the rows go with those beside them
		batches := slices.DeleteFunc(slices.Sorted(maps.Keys(found)), func(b string) bool { return len(found[b]) == 0 })
		return rows, t.destroy(old, batches)
	}
	if err != nil {
		return 0, err
	}
	served, err := r.Get(current)
	if err != nil {
		return 0, err
	}
	cut, err := subset.Again(served.Subset, served.Text, dict)
	if err != nil {
		return 0, err
	}
	c := optoutCmd{makeOptions: makeOptions{Spells: cmp.Or(strings.ToLower(facts(served).Spells), "s1")}}
	return rows, c.take(t.g, dict, cut, found, old)
}

// holding finds the rows of people, by the hashes of their ids, in the staged rows,
// and the releases that hold any of them.
func (g *globals) holding(dict *hes.Dictionary, hashes map[string]bool) (found map[string][]int, rows int, releases []string, err error) {
	area := staging.At(g.Data)
	batches, err := area.Batches()
	if err != nil {
		return nil, 0, nil, err
	}
	found = map[string][]int{} // batch → rows of the people
	for _, id := range batches {
		if found[id], err = rowsOf(area.Dir(id), dict, hashes); err != nil {
			return nil, 0, nil, err
		}
		rows += len(found[id])
	}
	all, err := release.Open(g.Data).List()
	if err != nil {
		return nil, 0, nil, err
	}
	for _, m := range all {
		if slices.ContainsFunc(m.Parts, func(p release.Part) bool { return len(found[p.Batch]) > 0 }) {
			releases = append(releases, m.ID)
		}
	}
	return found, rows, releases, nil
}
