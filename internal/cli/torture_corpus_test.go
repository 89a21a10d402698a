package cli

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"webenablehes/internal/fault"
)

// canary stands in every row of the files below and must never be said.
const canary = "TESTCANARY"

// memoryBound is what each of a load's two processes may take of memory, whatever
// the file: the machine must stand twice this.
const memoryBound = 700 << 20

const goodHeader = "FYEAR|EPIKEY|ADMIDATE|EPISTART|EPIEND|SEX|DIAG_01|DIAG_02|PROCODE|TOKEN_PERSON_ID"

// goodRow is a row that loads.
func goodRow(n int) string {
	return fmt.Sprintf("0809|%d|2008-05-%02d|2008-05-01|2008-06-01|%d|L40%d|E119|RAL|%s%d", 9000000+n, 1+n%28, 1+n%2, n%9, canary, n)
}

func good(rows int) string {
	var b strings.Builder
	b.WriteString(goodHeader + "\n")
	for n := range rows {
		b.WriteString(goodRow(n) + "\n")
	}
	return b.String()
}

// cell replaces a cell of a row in the middle.
func cell(column string, value string) string {
	at := 0
	for i, name := range strings.Split(goodHeader, "|") {
		if name == column {
			at = i
		}
	}
	lines := strings.Split(good(20), "\n")
	cells := strings.Split(lines[10], "|")
	cells[at] = value
	lines[10] = strings.Join(cells, "|")
	return strings.Join(lines, "\n")
}

func gzipped(text string) string { return bomb(text, 0) }

// bomb is a text with megabytes of zeros behind it, packed.
func bomb(text string, megabytes int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // to memory
	zeros(w, megabytes)
	_ = w.Close()
	return b.String()
}

func zeros(w io.Writer, megabytes int) {
	piece := bytes.Repeat([]byte("0"), 1<<20)
	for range megabytes {
		_, _ = w.Write(piece)
	}
}

type zipMember struct {
	name, text string
	megabytes  int // of zeros behind the text
	mode       fs.FileMode
}

func zipped(members ...zipMember) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		if m.mode != 0 {
			h.SetMode(m.mode)
		}
		if w, err := z.CreateHeader(h); err == nil && !strings.HasSuffix(m.name, "/") {
			_, _ = w.Write([]byte(m.text)) // to memory
			zeros(w, m.megabytes)
		}
	}
	_ = z.Close()
	return b.String()
}

// at replaces bytes of a text.
func at(text string, from int, with string) string {
	from = max(0, min(from, len(text)-len(with)))
	return text[:from] + with + text[from+len(with):]
}

// boundaries are the places of the separators of a text's first two lines.
func boundaries() []int {
	var out []int
	for i, c := range good(1) {
		if c == '|' || c == '\n' {
			out = append(out, i, i+1)
		}
	}
	return out
}

// malformed is a kind of file. text gives the n-th of the kind; a kind that costs
// much is made a few times only.
type malformed struct {
	kind   string
	most   int // 0 for any number
	text   func(r *rand.Rand, n int) string
	place  func(path string) error // makes the file instead
	during func(r *rand.Rand, path string)
	good   bool // it must load
	bad    bool // it must be refused
}

func kinds() []malformed {
	pick := func(values ...string) func(r *rand.Rand, n int) string {
		return func(_ *rand.Rand, n int) string { return values[n%len(values)] }
	}
	in := func(column string, values ...string) func(r *rand.Rand, n int) string {
		return func(_ *rand.Rand, n int) string { return cell(column, values[n%len(values)]) }
	}
	columns := func(n int) func(*rand.Rand, int) string {
		return func(*rand.Rand, int) string {
			var head, row strings.Builder
			for i := range n - 10 {
				fmt.Fprintf(&head, "|X%d", i)
				row.WriteString("|1")
			}
			return goodHeader + head.String() + "\n" + goodRow(1) + row.String() + "\n"
		}
	}
	cuts, z, gz := boundaries(), zipped(zipMember{name: "a.txt", text: good(300)}), gzipped(good(300))
	return []malformed{
		{kind: "whole", most: 3, good: true, text: func(*rand.Rand, int) string { return good(20) }},
		{kind: "cut at a boundary of fields", text: func(_ *rand.Rand, n int) string { return good(1)[:cuts[n%len(cuts)]] }},
		{kind: "cut anywhere", text: func(r *rand.Rand, _ int) string { s := good(50); return s[:r.IntN(len(s))] }},
		{kind: "a NUL byte", text: func(r *rand.Rand, _ int) string { s := good(50); return at(s, r.IntN(len(s)), "\x00") }},
		{kind: "random bytes within", text: func(r *rand.Rand, _ int) string { s := good(50); return at(s, r.IntN(len(s)), random(r, 1+r.IntN(40))) }},
		{kind: "random bytes", bad: true, text: func(r *rand.Rand, _ int) string { return random(r, 1+r.IntN(1<<16)) }},
		{kind: "UTF-16", good: true, text: func(_ *rand.Rand, n int) string { return wide(good(5), n%2 == 0) }},
		{kind: "half in UTF-16", text: func(r *rand.Rand, n int) string {
			return goodHeader + "\n" + goodRow(1) + "\n" + wide(goodRow(2), n%2 == 0)[2+n%2:]
		}},
		{kind: "encodings mixed", text: func(_ *rand.Rand, n int) string {
			return cell("PROCODE", []string{"R\xe9L", "R\xc3\xa9L", "R\xff\xfeL", "\xef\xbb\xbf", "\xc3", "\xed\xa0\x80", "\x81\x8d"}[n%7])
		}},
		{kind: "lone CRs", text: func(_ *rand.Rand, n int) string {
			return []string{strings.ReplaceAll(good(5), "\n", "\r"), cell("SEX", "1\r"), cell("SEX", "\r1"), strings.Replace(good(5), "\n", "\r", 1)}[n%4]
		}},
		{kind: "quotes not closed", text: func(_ *rand.Rand, n int) string {
			return []string{cell("SEX", `"1`), `"` + good(5), cell("PROCODE", `"R""AL`), strings.ReplaceAll(good(5), "|", `"|"`)}[n%4]
		}},
		{kind: "10,000 columns", most: 2, good: true, text: columns(10_000)},
		{kind: "10,001 columns", most: 2, bad: true, text: columns(10_001)},
		{kind: "a name twice in the header", bad: true, text: func(_ *rand.Rand, n int) string {
			return strings.Replace(good(5), []string{"DIAG_02", "SEX", "EPISTART"}[n%3], []string{"DIAG_01", "fyear", " EPIKEY "}[n%3], 1)
		}},
		{kind: "an empty name in the header", text: func(_ *rand.Rand, n int) string {
			return strings.Replace(good(5), []string{"DIAG_02", "SEX", "EPIKEY", "FYEAR"}[n%4], "", 1)
		}},
		{kind: "header twice", text: func(_ *rand.Rand, n int) string {
			return []string{goodHeader + "\n" + good(5), good(5) + good(3)}[n%2]
		}},
		{kind: "no header", text: func(*rand.Rand, int) string { return strings.TrimPrefix(good(9), goodHeader+"\n") }},
		{kind: "only a header", bad: true, most: 4, text: pick(goodHeader, goodHeader+"\n", goodHeader+"\r\n\r\n", "\xef\xbb\xbf"+goodHeader)},
		{kind: "empty", bad: true, most: 4, text: pick("", "\n", "\n\n\n", "\xef\xbb\xbf")},
		{kind: "one long line", most: 1, bad: true, place: func(path string) error { return longLine(path, "") }},
		{kind: "one long row", most: 1, place: func(path string) error { return longLine(path, good(3)) }},
		{kind: "wrong years", text: in("FYEAR", "0810", "9900", "2008", "1899", "99999999999999999999", "-1", "0809.0", canary)},
		{kind: "impossible dates", text: func(_ *rand.Rand, n int) string {
			dates := []string{"2008-02-30", "1582-10-10", "9999-12-31", "0000-00-00", "30/02/2008", "2008-13-01", "20080230", canary, "2008-05-01T25:00", "-2008-05-01"}
			return cell([]string{"ADMIDATE", "EPISTART", "EPIEND"}[n%3], dates[n%len(dates)])
		}},
		{kind: "dates crossed", most: 5, text: in("EPIEND", "2001-01-01", "2030-01-01")},
		{kind: "huge numbers", text: in("SEX", strings.Repeat("9", 400), "1e308", "-0", "0x7f", "NaN", "١")},
		{kind: "long keys", text: in("EPIKEY", strings.Repeat("9", 100_000), strings.Repeat("A", 5000), "-1", "", "0")},
		{kind: "codes of no kind", text: in("DIAG_01", strings.Repeat("L40", 1000), "<script>", "'; --", "L4\x0b0", "🙂", "%s%n", "")},
		{kind: "gzip damaged", text: func(r *rand.Rand, n int) string {
			places := []int{2, 3, 4, 8, 9, 10, len(gz) - 1, len(gz) - 4, len(gz) - 5, len(gz) - 8, len(gz) / 2}
			if n < len(places) {
				return at(gz, places[n], string([]byte{gz[places[n]] ^ 0xff}))
			}
			return at(gz, r.IntN(len(gz)), random(r, 3))
		}},
		{kind: "gzip cut", text: func(r *rand.Rand, n int) string {
			return gz[:[]int{2, 9, 10, 11, len(gz) - 8, len(gz) - 1, 2 + r.IntN(len(gz)-2)}[min(n, 6)]]
		}},
		{kind: "gzip followed", text: func(r *rand.Rand, n int) string { return gz + []string{"x", gz, gzipped(""), random(r, 50)}[n%4] }},
		{kind: "zip damaged", text: func(r *rand.Rand, n int) string {
			d := strings.LastIndex(z, "PK\x01\x02")
			e := strings.LastIndex(z, "PK\x05\x06")
			places := []int{6, 8, 14, 18, 22, 26, 28, 40, d, d + 8, d + 10, d + 16, d + 20, d + 24, d + 28, d + 30, d + 38, d + 42, e, e + 8, e + 10, e + 12, e + 16, e + 20}
			if n < len(places) {
				return at(z, places[n], string([]byte{z[places[n]] ^ 0xff}))
			}
			return at(z, r.IntN(len(z)), random(r, 3))
		}},
		{kind: "zip cut", bad: true, text: func(r *rand.Rand, _ int) string { return z[:4+r.IntN(len(z)-4)] }},
		{kind: "gzip bomb", most: 2, bad: true, text: func(_ *rand.Rand, n int) string {
			return bomb([]string{good(1), ""}[n%2], sized(64, 1024))
		}},
		{kind: "zip bomb", most: 2, bad: true, text: func(_ *rand.Rand, n int) string {
			return zipped(zipMember{name: "a.txt", text: []string{good(1), ""}[n%2], megabytes: sized(64, 1024)})
		}},
		{kind: "zip of very many", most: 1, bad: true, text: func(*rand.Rand, int) string {
			var all []zipMember
			for i := range 1001 {
				all = append(all, zipMember{name: fmt.Sprint(i), text: good(1)})
			}
			return zipped(all...)
		}},
		{kind: "archive in an archive", bad: true, most: 4, text: pick(zipped(zipMember{name: "b.zip", text: z}), gzipped(gz), gzipped(z), zipped(zipMember{name: "b.gz", text: gz}))},
		{kind: "names that lead elsewhere", bad: true, text: func(_ *rand.Rand, n int) string {
			return zipped(zipMember{name: []string{"../a.txt", "/etc/a.txt", `C:\a.txt`, "x/../../a.txt", `..\a.txt`, "C:a.txt", ".."}[n%7], text: good(5)})
		}},
		{kind: "links and devices in an archive", bad: true, text: func(_ *rand.Rand, n int) string {
			return zipped(zipMember{name: "a.txt", text: "/etc/passwd", mode: []fs.FileMode{fs.ModeSymlink | 0o777, fs.ModeNamedPipe | 0o600, fs.ModeDevice | 0o600, fs.ModeSocket | 0o600}[n%4]})
		}},
		{kind: "archive of nothing", bad: true, most: 2, text: pick(zipped(), zipped(zipMember{name: "d/"}))},
		{kind: "archive twice the same name", most: 1, text: pick(zipped(zipMember{name: "a", text: good(3)}, zipMember{name: "a", text: good(3)}))},
		{kind: "folder", most: 1, bad: true, place: func(p string) error { return os.Mkdir(p, 0o700) }},
		{kind: "pipe", most: 1, bad: true, place: func(p string) error { return syscall.Mkfifo(p, 0o600) }},
		{kind: "link to a device", most: 1, bad: true, place: func(p string) error { return os.Symlink("/dev/zero", p) }},
		{kind: "link to itself", most: 1, bad: true, place: func(p string) error { return os.Symlink(p, p) }},
		{kind: "link to nothing", most: 1, bad: true, place: func(p string) error { return os.Symlink(p+".none", p) }},
		{kind: "not there", most: 1, bad: true, place: func(string) error { return nil }},
		{kind: "unreadable", most: 1, place: func(p string) error { return os.WriteFile(p, []byte(good(5)), 0) }},
		{kind: "of another data set", bad: true, text: pick("ATTENDKEY|APPTDATE|ATTENDED\n1|2008-04-01|5\n", "name,price\nx,1\n", "{\"a\": 1}\n", "<?xml version=\"1.0\"?><a/>\n", "%PDF-1.4\n", "AEKEY,ARRIVALDATE\n1,2008-04-01\n")},
		{kind: "vanishes", text: func(*rand.Rand, int) string { return good(20_000) }, most: 20, during: func(r *rand.Rand, path string) {
			time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
			_ = os.Remove(path) // the load is done, perhaps
		}},
		{kind: "grows", text: func(*rand.Rand, int) string { return good(20_000) }, most: 20, during: func(r *rand.Rand, path string) {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return
			}
			defer f.Close()
			for n := range 100 {
				_, _ = f.WriteString(goodRow(50_000+n) + "\n")
				time.Sleep(time.Duration(r.IntN(5)) * time.Millisecond)
			}
		}},
	}
}

func random(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
	return string(b)
}

// wide is a text in UTF-16.
func wide(text string, little bool) string {
	out := []byte{0xfe, 0xff}
	if little {
		out = []byte{0xff, 0xfe}
	}
	for i := range len(text) {
		if little {
			out = append(out, text[i], 0)
		} else {
			out = append(out, 0, text[i])
		}
	}
	return string(out)
}

// longLine writes a line of a gigabyte, or of 64 MB in the short form.
func longLine(path, before string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.WriteString(before)
	piece := bytes.Repeat([]byte("A|"), 1<<19)
	for range sized(64, 1024) {
		if _, more := f.Write(piece); more != nil {
			err = errors.Join(err, more)
		}
	}
	return errors.Join(err, f.Close())
}

// Whatever a file holds, a load of it ends by itself, with a message that names
// the file and no value of it; what was served before is served after, unless
// rows were taken.
func TestTortureFiles(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	all := kinds()
	type todo struct {
		malformed
		n    int
		seed uint64
	}
	var list []todo
	for n := 0; len(list) < sized(50, 1200); n++ {
		for _, k := range all {
			if k.most == 0 || n < k.most {
				list = append(list, todo{k, n, r.Uint64()})
			}
		}
	}
	base := newSite(t, 30)
	work := make(chan todo, len(list))
	for _, w := range list {
		work <- w
	}
	close(work)
	var mu sync.Mutex
	var c count
	var largest int64
	codes := map[int]int{}
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			dir := t.TempDir()
			s := base.copied(t, filepath.Join(dir, "data"))
			for w := range work {
				name := fmt.Sprintf("file%d-%d.txt", worker, w.n)
				path := filepath.Join(dir, name)
				e, err := s.malformed(t, w.malformed, rand.New(rand.NewPCG(w.seed, 1)), w.n, path)
				_ = os.RemoveAll(path)
				mu.Lock()
				largest = max(largest, e.memory)
				codes[e.code]++
				c.add(t, fmt.Sprintf("%s, number %d", w.kind, w.n), err)
				mu.Unlock()
				if e.code == 0 { // back to what was
					_ = os.RemoveAll(s.data)
					s = base.copied(t, s.data)
				}
			}
			mu.Lock()
			c.add(t, "the load after all", s.tidied(t))
			mu.Unlock()
		})
	}
	wg.Wait()
	if codes[0] < 5 || codes[fault.Invalid.Exit()] < 20 {
		t.Errorf("exit codes %v: the files are not what they should be", codes)
	}
	t.Logf("exit codes %v; a process took at most %d MB, %d MB are allowed", codes, largest>>20, memoryBound>>20)
	c.say(t, "malformed files")
}

func (s site) malformed(t *testing.T, k malformed, r *rand.Rand, n int, path string) (ended, error) {
	t.Helper()
	text := ""
	if k.place == nil {
		text = k.text(r, n)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return ended{}, err
		}
	} else if err := k.place(path); err != nil {
		return ended{}, err
	}
	before := s.current(t)
	var during func()
	if k.during != nil {
		during = func() { k.during(r, path) }
	}
	e := through(t, program(t.Context(), s.load(path)...), during)
	errs := []error{e.wrong(), s.wrong(t.Context())}
	said := e.out + e.errs
	if strings.Contains(said, canary) {
		errs = append(errs, errors.New("it says a value of the file"))
	}
	if e.memory == 0 && e.code >= 0 {
		errs = append(errs, errors.New("a process did not say how much memory it took"))
	}
	if e.memory > memoryBound {
		errs = append(errs, fmt.Errorf("a process took %d MB", e.memory>>20))
	}
	if e.code == 0 && k.bad || e.code != 0 && k.good {
		errs = append(errs, fmt.Errorf("exit code %d", e.code))
	}
	if e.code != 0 {
		if !strings.Contains(said, filepath.Base(path)) {
			errs = append(errs, errors.New("it does not name the file"))
		}
		if s.current(t) != before {
			errs = append(errs, errors.New("it failed, yet another release is served"))
		}
		if left, err := os.ReadDir(filepath.Join(s.data, "building")); err != nil || len(left) > 0 {
			errs = append(errs, fmt.Errorf("%d folders are left in building, %w", len(left), err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return e, fmt.Errorf("%w\nexit %d: %.1500s", err, e.code, e.errs)
	}
	return e, nil
}
