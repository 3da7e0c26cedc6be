-- Copies that became known in these days and do not count, beside the copy that does.
--
-- Reads   copies
-- Params  $known_from: the first day of the range
-- Gives   repeats       source, event_id, known_on, copies, and for each cell whether it differs from the
--                       copy that counts; all false = a plain duplicate
select
    again.source, again.event_id, again.known_on,
    -- Of equal copies of the first, one counts.
    case when again.place = again.first_place then again.counted - 1 else again.counted end
        as copies,
    again.occurred_at <> kept.occurred_at as occurred_at,
    again.source_user_id is distinct from kept.source_user_id as source_user_id,
    again.source_account_id is distinct from kept.source_account_id as source_account_id,
    again.event_name is distinct from kept.event_name as event_name,
    again.feature is distinct from kept.feature as feature,
    again.given_quantity is distinct from kept.given_quantity as quantity
from copies as again
inner join copies as kept
    on again.source = kept.source
    and again.event_id = kept.event_id
    and again.first_place = kept.place
where again.known_on >= $known_from and (again.place > again.first_place or again.counted > 1)
