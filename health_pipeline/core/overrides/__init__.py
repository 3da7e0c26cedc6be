"""What people say beside the score: never in it, each with a reason, an author and an end."""
