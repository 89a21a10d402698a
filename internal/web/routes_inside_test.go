package web

// Routes is every pattern that a site answers at, for tests that must know them all.
func Routes(s *Server) []string {
	out := []string{"/"}
	for pattern := range s.routes() {
		out = append(out, pattern)
	}
	return out
}
