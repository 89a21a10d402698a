package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"webenablehes/internal/auth"
	"webenablehes/internal/codelist"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/load"
	"webenablehes/internal/metrics"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/release"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/store"
	"webenablehes/internal/web"
)

// openRegistry opens the registry of the data folder.
func (g *globals) openRegistry() (*sqlstore.Store, error) {
	if _, err := os.Lstat(filepath.Join(g.Data, restoringName)); err == nil {
		return nil, fault.New(fault.Conflict, "A restore into the data folder runs, or did not come to its end: wait for it, or empty the folder and restore again.")
	}
	s, err := sqlstore.Open(g.ctx, g.Data)
	if err != nil && fault.Of(err) == fault.Internal {
		err = fault.Wrap(fault.Unavailable, err, "The registry of accounts and the access record cannot be opened: make room, check the disk and the rights of the data folder, and do it again")
	}
	return s, err
}

func vocabulary() (*hes.Dictionary, *hes.Codes, error) {
	d, err := hes.Load()
	if err != nil {
		return nil, nil, err
	}
	c, err := hes.LoadCodes()
	return d, c, err
}

func (g *globals) authService(s registry.Store, origin string, small policy.Rule) (*auth.Service, error) {
	key, err := g.secretKey()
	if err != nil {
		return nil, err
	}
	return auth.New(auth.Options{Store: s, Now: g.now, Random: rand.Reader, Key: key, Origin: origin, Small: small})
}

// served hands out the release that is current, and takes up a new one as soon
// as it is published. A release that cannot be opened leaves the old one in use.
type served struct {
	releases *release.Releases
	dict     *hes.Dictionary
	log      *slog.Logger
	fit      func(release.Manifest) error // whether a release may be served here
	seen     *metrics.Site
	mu       sync.Mutex
	now      *opened
	bad      string // a release that could not be opened, so that it is said once
}

// opened is an engine and how many are using it.
type opened struct {
	engine driver.Engine
	facts  warehouse.Facts
	users  int
	old    bool
}

// Acquire implements warehouse.Source.
func (s *served) Acquire(context.Context) (driver.Engine, warehouse.Facts, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := s.releases.Current()
	if s.now != nil && fault.Of(err) == fault.NotFound { // everything was destroyed: nothing of it may be served on
		s.now.old = true
		if s.now.users == 0 {
			s.close(s.now)
		}
		s.now = nil
		s.seen.Release("", time.Time{})
	}
	if s.now == nil || err == nil && id != s.now.facts.ID && id != s.bad {
		if err == nil {
			err = s.take(id)
		}
		if err != nil && s.now == nil {
			if fault.Of(err) == fault.NotFound {
				err = fault.Wrap(fault.Unavailable, err, "No data have been loaded yet.")
			}
			return nil, warehouse.Facts{}, nil, err
		}
		if err != nil {
			s.bad = id
			s.log.Error("the new release cannot be opened; the old one is served on", "release", id, "error", err.Error())
		}
	}
	o := s.now
	o.users++
	answered := s.seen.Question()
	return o.engine, o.facts, sync.OnceFunc(func() { s.release(o); answered() }), nil
}

func (s *served) take(id string) error {
	m, err := s.releases.Get(id)
	if err != nil {
		return err
	}
	if err := s.fit(m); err != nil {
		return err
	}
	e, err := store.Open(s.releases.Dir(id), s.dict)
	if err != nil {
		return err
	}
	if before := s.now; before != nil {
		before.old = true
		if before.users == 0 {
			s.close(before)
		}
	}
	s.now = &opened{engine: e, facts: facts(m)}
	s.seen.Release(id, m.Made)
	s.log.Info("serving", "release", id, "rows", episodes(m))
	return nil
}

func (s *served) release(o *opened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.users--
	if o.old && o.users == 0 {
		s.close(o)
	}
}

func (s *served) close(o *opened) {
	if err := o.engine.Close(); err != nil {
		s.log.Error("close release", "error", err.Error())
	}
}

func facts(m release.Manifest) warehouse.Facts {
	f := warehouse.Facts{ID: m.ID, Loaded: m.Made, Synthetic: m.Synthetic, Subset: m.Subset, Years: slices.Clone(m.Years), Rows: about(episodes(m)), First: m.First, Last: m.Last, Columns: m.Columns}
	for _, r := range m.Subsets {
		f.Rules = append(f.Rules, warehouse.Rule{ID: r.ID, Title: r.Title, Start: r.Start})
	}
	for _, made := range m.Methods {
		if made.Name == spellMethod {
			f.Spells = made.Version
		}
	}
	return f
}

// about says a public number of episodes, to two figures.
func about(n int) string {
	if n < 100 {
		return "under 100"
	}
	step := 1
	for m := n; m >= 100; m /= 10 {
		step *= 10
	}
	n = (n + step/2) / step * step
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return "about " + text
}

// door makes the warehouse over a source of releases.
func (g *globals) door(reg registry.Store, from warehouse.Source, budget warehouse.Budget, dict *hes.Dictionary, log *slog.Logger) (*warehouse.Warehouse, error) {
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(rand.Reader, fresh); err != nil {
		return nil, fmt.Errorf("make id key: %w", err)
	}
	key, err := reg.SettingOnce(g.ctx, "id-key", fresh)
	if err != nil {
		return nil, err
	}
	return warehouse.New(warehouse.Options{Dictionary: dict, Source: from, Recorder: reg, Archive: reg, Loads: kept{release.Open(g.Data)}, Key: key, Now: g.now, Log: log, Budget: budget})
}

// codeLists opens the code lists that the site has loaded.
func (g *globals) codeLists() *codelist.Store {
	return codelist.Open(codelist.StoreOptions{Data: g.Data, Now: g.now, Random: rand.Reader})
}

// site puts the pages together.
func (g *globals) site(reg registry.Store, log *slog.Logger, small policy.Rule, how stance) (*web.Server, error) {
	if how.seen == nil {
		how.seen = metrics.New()
	}
	dict, codes, err := vocabulary()
	if err != nil {
		return nil, err
	}
	titles, err := g.codeLists().Titles(codes)
	if err != nil {
		return nil, err
	}
	assets, err := web.LoadAssets()
	if err != nil {
		return nil, err
	}
	releases := release.Open(g.Data)
	if err := releases.Clean(); err != nil {
		return nil, err
	}
	fit := func(m release.Manifest) error { return g.fit(m, how.bare) }
	if id, err := releases.Current(); err == nil {
		if m, err := releases.Get(id); err == nil && fit(m) != nil {
			return nil, fit(m)
		}
	}
	wh, err := g.door(reg, &served{releases: releases, dict: dict, log: log, fit: fit, seen: how.seen}, how.budget, dict, log)
	if err != nil {
		return nil, err
	}
	service, err := g.authService(reg, how.origin, small)
	if err != nil {
		return nil, err
	}
	return web.New(web.Config{Warehouse: wh, Store: reg, Auth: service, Dictionary: dict, Codes: titles.Codes(), Lists: titles.Lists(), Assets: assets, Cleaning: load.Rules, Now: g.now, Log: log, Secure: how.secure, Loopback: how.loopback, Proxy: how.proxy, Elsewhere: how.other, Files: g.exports(), Publish: func(id string) error { return publish(releases, id, fit) }, Metrics: how.seen, Site: how.imprint})
}

// publish switches to a release, if it may be served here.
func publish(releases *release.Releases, id string, fit func(release.Manifest) error) error {
	m, err := releases.Get(id)
	if err == nil {
		err = fit(m)
	}
	if err != nil {
		return err
	}
	return releases.Switch(id)
}

// fit refuses to serve real data from a volume that is not encrypted, unless somebody
// has said that it is to be so: whoever takes the disk away would have them.
func (g *globals) fit(m release.Manifest, bare bool) error {
	if m.Synthetic || bare {
		return nil
	}
	const say = "The data are real, and the volume of the data folder is not known to be encrypted, so whoever takes the disk has them. Move the folder to an encrypted volume; or, where the disk or the machine around this one encrypts, say so with --volume-not-encrypted."
	switch safe, err := g.safe(g.Data); {
	case err != nil:
		return fault.Wrap(fault.Unavailable, err, say)
	case !safe:
		return fault.New(fault.Unavailable, say)
	}
	return nil
}

var errNoRows = errors.New("no rows were kept")
