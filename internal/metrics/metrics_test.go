package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPage(t *testing.T) {
	s := New()
	s.bounds = []float64{.1, 1}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s.Request("GET /a", 200, 100*time.Millisecond) // the end of a class belongs to it
	s.Request("GET /a", 200, 500*time.Millisecond)
	s.Request("GET /a", 503, 2*time.Second)
	s.Request("another \"site\"\\\n", 403, 0)
	s.Event(true)
	s.Event(true)
	s.Event(false)
	first, second := s.Question(), s.Question()
	first()
	first() // once only
	defer second()
	s.Release("20261124-090000-bbbb", at.Add(-time.Hour))
	var p Page
	s.Write(&p, at)
	want := `# HELP webenable_requests_total Answers by route and status.
# TYPE webenable_requests_total counter
webenable_requests_total{route="GET /a",status="200"} 2
webenable_requests_total{route="GET /a",status="503"} 1
webenable_requests_total{route="another \"site\"\\\n",status="403"} 1
# HELP webenable_request_duration_seconds How long answers took, by route.
# TYPE webenable_request_duration_seconds histogram
webenable_request_duration_seconds_bucket{route="GET /a",le="0.1"} 1
webenable_request_duration_seconds_bucket{route="GET /a",le="1"} 2
webenable_request_duration_seconds_bucket{route="GET /a",le="+Inf"} 3
webenable_request_duration_seconds_sum{route="GET /a"} 2.6
webenable_request_duration_seconds_count{route="GET /a"} 3
webenable_request_duration_seconds_bucket{route="another \"site\"\\\n",le="0.1"} 1
webenable_request_duration_seconds_bucket{route="another \"site\"\\\n",le="1"} 1
webenable_request_duration_seconds_bucket{route="another \"site\"\\\n",le="+Inf"} 1
webenable_request_duration_seconds_sum{route="another \"site\"\\\n"} 0
webenable_request_duration_seconds_count{route="another \"site\"\\\n"} 1
# HELP webenable_access_events_total Events for the access record, by whether they could be written.
# TYPE webenable_access_events_total counter
webenable_access_events_total{outcome="written"} 2
webenable_access_events_total{outcome="failed"} 1
# HELP webenable_questions_running Questions that the engine is answering.
# TYPE webenable_questions_running gauge
webenable_questions_running 1
# HELP webenable_release_info The release that is served.
# TYPE webenable_release_info gauge
webenable_release_info{release="20261124-090000-bbbb"} 1
# HELP webenable_release_age_seconds How long ago the release that is served was made.
# TYPE webenable_release_age_seconds gauge
webenable_release_age_seconds 3600
`
	if diff := cmp.Diff(want, string(p.Bytes())); diff != "" {
		t.Error(diff)
	}
}

func TestNothingServed(t *testing.T) {
	s := New()
	s.Release("a", time.Now())
	s.Release("", time.Time{})
	var p Page
	s.Write(&p, time.Now())
	for _, name := range []string{"webenable_release_info", "webenable_release_age_seconds"} {
		if got := string(p.Bytes()); strings.Contains(got, name) {
			t.Errorf("%s of nothing:\n%s", name, got)
		}
	}
}
