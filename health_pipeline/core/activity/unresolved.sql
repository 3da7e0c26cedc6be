-- Use that no account claims by the end of these days.
--
-- Reads   usage
-- Params  $known_from: the first day of the range; $known_until: the day after it
-- Gives   known_on, source, day, account_key, user_key (the ids that a link may claim some day),
--         events, sorted
select
    known_on, source, day,
    nullif(source_account_id, '') as account_key,
    nullif(source_user_id, '') as user_key,
    cast(sum(events) as bigint) as events
from usage
where account_id is null and known_on >= $known_from and known_on < $known_until
group by known_on, source, day, nullif(source_account_id, ''), nullif(source_user_id, '')
order by known_on, source, account_key nulls last, user_key nulls last, day
