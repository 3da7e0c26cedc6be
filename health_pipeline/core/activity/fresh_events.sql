-- Landed events that became known in these days.
--
-- Reads   dated_events
-- Params  $known_from: the first day of the range
-- Gives   fresh_events  the columns of dated_events
select * from dated_events where known_at >= $known_from

union all

-- Apart, so that each half skips row groups by their least and greatest times: clocks that ran
-- ahead, an event that arrived before it happened.
select * from dated_events where known_at < $known_from and occurred_at >= $known_from
