"""What every stage may know: the shapes of tables, the law of time, the frozen base of parameters.

Belongs here: column contracts, `as_of`, the view of one day. Does not: any computation of a stage.
"""
