-- Number the copies of each event in the order in which they became known; only the first counts.
--
-- Reads   raw_events    source, event_id, occurred_at, known_at, source_user_id, source_account_id,
--                       event_name, feature, quantity: the range and the look-back before it
--         user_links    source, source_user_id, linked_on, valid_from
--         account_links source, source_account_id, linked_on
-- Params  $known_from, $known_to: the days on which something became known
-- Gives   event_copies  one row a copy: the event's columns, day, known_on, copy (1 = the first)
with dated as (
    -- A copy is known when it arrived, and never before it happened (clocks differ).
    select
        source, event_id, source_user_id, source_account_id, event_name, feature, quantity,
        occurred_at, known_at,
        cast(occurred_at as date) as day,
        cast(greatest(known_at, occurred_at) as date) as known_on
    from raw_events
),

touched as (
    -- Only events of which a copy, or the account, became known in these days can matter.
    select distinct source, event_id
    from dated
    where known_on between $known_from and $known_to
        or (
            known_on < $known_from
            and (
                (source, source_user_id) in (
                    select source, source_user_id from user_links
                    where linked_on between $known_from and $known_to and linked_on > valid_from
                )
                or (source, source_account_id) in (
                    select source, source_account_id from account_links
                    where linked_on between $known_from and $known_to
                )
            )
        )
),

copies as (
    select dated.*
    from dated
    inner join touched on dated.source = touched.source and dated.event_id = touched.event_id
),

repeated as (
    select source, event_id from copies group by source, event_id having count(*) > 1
)

select
    copies.source, source_user_id, source_account_id, event_name, feature, quantity, day, known_on,
    1 as copy
from copies
left join repeated on copies.source = repeated.source and copies.event_id = repeated.event_id
where repeated.event_id is null

union all

-- Copies that arrived together are put in the order of their content, never of the files.
select
    copies.source, source_user_id, source_account_id, event_name, feature, quantity, day, known_on,
    row_number() over (
        partition by copies.source, copies.event_id
        order by
            known_on, known_at, occurred_at, source_user_id nulls last,
            source_account_id nulls last, event_name, feature nulls last, quantity nulls last
    ) as copy
from copies
inner join repeated on copies.source = repeated.source and copies.event_id = repeated.event_id
