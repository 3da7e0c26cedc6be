"""What is done about a reason: enrolment of plays with steps, owners and dates."""
