-- Landed events that were known before these days.
--
-- Reads   dated_events
-- Params  $known_from: the first day of the range
-- Gives   old_events    the columns of dated_events
select * from dated_events where known_at < $known_from and occurred_at < $known_from
