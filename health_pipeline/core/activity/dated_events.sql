-- Say of each landed event on which UTC day it happened, and on which it became known.
--
-- Reads   raw_events    source, event_id, occurred_at, known_at, source_user_id, source_account_id,
--                       event_name, feature, quantity: as landed, any file order; and id: a number,
--                       the same whenever the id is, and rarely for two ids
-- Params  $first_valid: the first day that an event can have
--         $known_until: the day after the range; what is known later, or lies ahead, waits
-- Gives   dated_events  the same columns, day, known_on
select
    source, event_id, occurred_at, known_at, source_user_id, source_account_id,
    event_name, feature, quantity, id,
    utc_day(occurred_at) as day,
    -- A copy is known when it arrived, and never before it happened (clocks differ).
    utc_day(greatest(known_at, occurred_at)) as known_on
from raw_events
where occurred_at >= $first_valid
    and occurred_at < $known_until
    and known_at < $known_until
