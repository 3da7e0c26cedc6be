-- The events that may add to these days: a copy, or whom it belongs to, became known in them.
--
-- Reads   fresh_events, old_events
--         user_links    source, source_user_id, counts_on: the day from which on the link counts
--         account_links source, source_account_id, counts_on
--         claimed_days  day: before the range, read with the days around them
-- Params  $known_from: the first day of the range; $known_until: the day after it
-- Gives   news          id, once for each copy or oftener
select id from fresh_events

union all

select id from old_events
where day in (select day from claimed_days)
    and (source, source_user_id) in (
        select source, source_user_id from user_links
        where counts_on >= $known_from and counts_on < $known_until
    )

union all

select id from old_events
where day in (select day from claimed_days)
    and (source, source_account_id) in (
        select source, source_account_id from account_links
        where counts_on >= $known_from and counts_on < $known_until
    )
