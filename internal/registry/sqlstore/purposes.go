package sqlstore

import (
	"context"
	"strings"
)

// PurposesChosen counts how often each agreement was chosen as the purpose of a session.
// An event names the agreement with its title behind it.
func (s *Store) PurposesChosen(ctx context.Context) (map[string]int, error) {
	rows, err := s.db.QueryContext(ctx, `select json_extract(cast(body as text), '$.purpose'), count(*) from access_log where kind = 'purpose' and outcome = 'done' group by 1`)
	if err != nil {
		return nil, outcome(err, "access record")
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var purpose string
		var n int
		if err := rows.Scan(&purpose, &n); err != nil {
			return nil, outcome(err, "access record")
		}
		ref, _, _ := strings.Cut(purpose, " ")
		out[ref] += n
	}
	return out, outcome(rows.Err(), "access record")
}
