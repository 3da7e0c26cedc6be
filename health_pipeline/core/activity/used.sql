-- What each source's user did on each day, of each event the first copy alone.
--
-- Reads   tallied, copies
--         claimed_days  day: before the range, read with the days around them
-- Params  $known_from: the first day of the range
-- Gives   used          source, source_user_id, source_account_id, day, known_on, events,
--                       quantity, core_quantity, mask
with once as (
    select
        source, source_user_id, source_account_id, day, known_on,
        counted as events, quantity, core_quantity, mask
    from tallied
    where event_id is null

    union all

    select
        source, source_user_id, source_account_id, day, known_on,
        1 as events,
        coalesce(cast(given_quantity as decimal(28, 6)), 1) as quantity,
        case
            when core_quantity = 0 then 0
            else coalesce(cast(given_quantity as decimal(28, 6)), 1)
        end as core_quantity,
        mask
    from copies
    where place = first_place
        and (known_on >= $known_from or day in (select day from claimed_days))
)

select
    source, source_user_id, source_account_id, day, known_on,
    sum(events) as events,
    sum(quantity) as quantity,
    sum(core_quantity) as core_quantity,
    bit_or(mask) as mask
from once
group by source, source_user_id, source_account_id, day, known_on
