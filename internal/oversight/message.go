package oversight

import (
	"context"
	"fmt"
)

// Answered marks a question that somebody sent as answered.
func (s *Service) Answered(ctx context.Context, by By, id int64) error {
	if err := by.mayChange(""); err != nil {
		return err
	}
	if _, err := s.o.Store.Message(ctx, id); err != nil {
		return err
	}
	return s.carry(ctx, by, event{"message-answered", "", fmt.Sprintf("message %d", id)}, func(ctx context.Context) error {
		return s.o.Store.AnswerMessage(ctx, id, by.name, s.o.Now())
	})
}
