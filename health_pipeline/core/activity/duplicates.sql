-- How many copies became known in these days of events that were known already.
--
-- Reads   event_copies
-- Params  $known_from, $known_to
select count(*) as duplicates
from event_copies
where copy > 1 and known_on between $known_from and $known_to
