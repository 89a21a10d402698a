package synth

// episode writes the row of one episode.
func (o *output) episode(p *someone, s stay, part, start, end int) {
	w := o.w
	clear(o.values)
	set := func(name, value string) { o.values[w.at[name]] = value }
	year := w.year(end)
	first, last := part == 1, part == s.parts
	fy := yearName(w.o.First + year)
	set("FYEAR", fy)
	set("PARTYEAR", number(w.o.First+year)+"99")
	set("EPIKEY", o.key(p, year))
	set("PSEUDO_HESID", p.id)
	set("ADMIDATE", w.days[s.admitted])
	set("EPISTART", w.days[start])
	set("EPIEND", w.days[end])
	set("EPIDUR", number(end-start))
	set("EPIORDER", number(part))
	set("EPISTAT", "3")
	set("EPITYPE", "1")
	if s.method == "31" {
		set("EPITYPE", "2")
	}
	set("DISMETH", "8")
	set("DISDEST", "98")
	set("SPELEND", "N")
	set("FDE", "0")
	if last {
		set("DISDATE", w.days[s.discharged])
		set("SPELEND", "Y")
		set("FDE", "1")
		set("SPELDUR", number(s.discharged-s.admitted))
		switch {
		case s.died:
			set("DISMETH", "4")
			set("DISDEST", "79")
		default:
			set("DISMETH", "1")
			set("DISDEST", "19")
			if s.emergency && o.chance(0.04) {
				set("DISDEST", "51")
			}
		}
	}
	set("SPELBGIN", "0")
	set("FAE", "0")
	if first {
		set("FAE", "1")
		set("SPELBGIN", "2")
		if w.year(s.admitted) != year {
			set("SPELBGIN", "1")
		}
	}
	set("FCE", "1")
	set("ADMIMETH", s.method)
	set("ADMISORC", "19")
	set("ADMINCAT", "01")
	set("CLASSPAT", s.class)
	set("INTMANIG", s.class)
	if s.class == "2" || s.class == "1" {
		set("FIRSTREG", "8")
	}
	set("BEDYEAR", number(min(end-start, end-w.starts[year])))
	if !s.emergency && s.method != "31" {
		wait := int(o.r.ExpFloat64() * 50)
		set("ELECDATE", w.days[max(0, s.admitted-wait)])
		set("ELECDUR", number(wait))
	} else {
		set("ELECDUR", "9998")
	}
	sex := "2"
	if p.male {
		sex = "1"
	}
	set("SEX", sex)
	set("STARTAGE", o.age(p.birth, start))
	set("ENDAGE", o.age(p.birth, end))
	set("ADMIAGE", o.age(p.birth, s.admitted))
	set("MYDOB", w.days[p.birth][5:7]+w.days[p.birth][:4])
	set("ETHNOS", p.ethnic)
	set("NEOCARE", "8")
	set("CARERSI", "99")
	set("MAINSPEF", s.specialty)
	set("TRETSPEF", s.treatment)
	set("PROCODE", s.where.code+"00")
	set("PROCODE3", s.where.code)
	set("PROCODE5", s.where.code+"00")
	set("SITETRET", s.where.code+"01")
	set("SENDER", s.where.code+"00")
	set("PURCODE", "5"+s.where.code[1:]+"00")
	set("GPPRAC", p.practice)
	set("RESGOR", p.home.region)
	set("GORTREAT", s.where.region)
	set("LSOA01", p.lsoa)
	set("IMD04RK", number(p.decile*3200))
	set("IMD04_DECILE", number(p.decile))
	set("RURURB_IND", "5")
	set("SUSRECID", "31"+number5(p.number/1000)+number5(p.number%1000*100+p.rows)+"07")
	set("SUBDATE", w.days[end+40])
	diagnoses := o.diagnoses(p, s)
	for i, d := range diagnoses {
		o.values[w.at["DIAG_01"]+i] = d
	}
	share := 0.55
	if s.skin {
		share = 0.72
	}
	set("OPERTN_01", "-")
	set("OPERSTAT", "8")
	if o.chance(share) {
		n := 1 + min(4, int(o.r.ExpFloat64()))
		for i := range n {
			code := w.procedures.draw(o.r.IntN)
			if s.skin {
				code = w.skinOp.draw(o.r.IntN)
			}
			o.values[w.at["OPERTN_01"]+i] = code
			o.values[w.at["OPDATE_01"]+i] = w.days[start+o.r.IntN(end-start+1)]
		}
		set("OPERSTAT", "1")
	}
	o.plant(p, s, sex, year)
}

// diagnoses are the main one, then what the person has had before, then others.
func (o *output) diagnoses(p *someone, s stay) []string {
	out := []string{s.main}
	has := func(c string) bool {
		for _, d := range out {
			if d == c {
				return true
			}
		}
		return false
	}
	for _, c := range p.illness {
		if !has(c) && o.chance(0.75) {
			out = append(out, c)
		}
	}
	extra := 2.0
	if s.class != "1" {
		extra = 0.8
	}
	for range int(o.r.ExpFloat64() * extra) {
		c := o.w.secondary.draw(o.r.IntN)
		if len(out) < 20 && !has(c) && c[0] != 'O' && c[0] != 'P' && c[0] != 'N' {
			out = append(out, c)
		}
	}
	return out
}

func (o *output) key(p *someone, year int) string {
	p.rows++
	key := "5" + number5(p.number/100_000+10) + number5(p.number%100_000) + number(p.rows/10%10) // twelve digits
	key = key[:11] + string(rune('0'+p.rows/10%10)) + string(rune('0'+p.rows%10))
	key = key[:1] + key[2:]
	if o.w.o.First+year >= 2021 {
		return "1000000" + key
	}
	return key
}

// age is as HES has it: years, or a band of days in the first year of life.
func (o *output) age(birth, day int) string {
	days := day - birth
	switch {
	case days < 1:
		return "7001"
	case days < 7:
		return "7002"
	case days < 29:
		return "7003"
	case days < 91:
		return "7004"
	case days < 182:
		return "7005"
	case days < 273:
		return "7006"
	case days < 365:
		return "7007"
	}
	return number(max(1, years(birth, day)))
}

// A planted fault. rejects: no reader can keep the line.
type planted struct {
	name    string
	rejects bool
}

func faults() []planted {
	return []planted{{"sentinel-1800", false}, {"sentinel-1801", false}, {"duplicate", false}, {"key-twice", true}, {"bad-date", true}, {"end-before-start", false},
		{"unknown-code", false}, {"no-person", false}, {"no-key", true}, {"null-word", false}, {"unknown-diagnosis", false}, {"too-few-fields", true}, {"too-many-fields", true}, {"padded-lower-case", false}}
}

// plant writes the row, now and then with a fault.
func (o *output) plant(p *someone, s stay, sex string, year int) {
	w := o.w
	good := func() {
		o.sex[sex]++
		if s.skin {
			o.skin++
		}
	}
	if w.o.Dirt == 0 || !o.chance(w.o.Dirt) {
		o.write(year, "")
		good()
		return
	}
	f := pick(o, faults())
	o.planted[f.name]++
	set := func(name, value string) { o.values[w.at[name]] = value }
	tail := ""
	switch f.name {
	case "sentinel-1800":
		set("ELECDATE", "1800-01-01")
	case "sentinel-1801":
		set("ADMIDATE", "1801-01-01")
	case "duplicate":
		o.write(year, "")
		good()
		set("EPIKEY", o.key(p, year))
	case "key-twice":
		o.write(year, "")
		good()
	case "bad-date":
		set("EPISTART", w.days[w.starts[year]][:4]+"-02-30")
	case "end-before-start":
		o.values[w.at["EPISTART"]], o.values[w.at["EPIEND"]] = w.days[w.starts[year]+20], w.days[w.starts[year]+10]
	case "unknown-code":
		set("ADMIMETH", "ZZ")
	case "no-person":
		set("PSEUDO_HESID", "")
	case "no-key":
		set("EPIKEY", "")
	case "null-word":
		set("ADMISORC", pick(o, []string{"NULL", "Null", "null"}))
	case "unknown-diagnosis":
		set("DIAG_01", "R69X")
	case "too-few-fields":
		o.values = o.values[:len(o.values)-1]
	case "too-many-fields":
		tail = string(w.separator())
	case "padded-lower-case":
		set("DIAG_01", string([]byte{s.main[0] | 0x20})+s.main[1:]+"  ")
	}
	o.write(year, tail)
	o.values = o.values[:len(w.columns)]
	if f.rejects {
		o.rejected++
	} else {
		good()
	}
}

func (o *output) write(year int, tail string) {
	sep := o.w.separator()
	b := o.text[year]
	for i, v := range o.values {
		if i > 0 {
			b = append(b, sep)
		}
		b = append(b, v...)
	}
	b = append(b, tail...)
	o.text[year] = append(b, '\n')
	o.rows[year]++
}
