-- Which source showed which account on which day: the input of the delivery judgement.
--
-- Reads   usage
-- Params  $known_from: the first day of the range; $known_until: the day after it
-- Gives   source, account_id, day, known_on, events, sorted
select
    source, account_id, day, known_on,
    cast(round(sum(quantity)) as bigint) as events
from usage
where account_id is not null and known_on >= $known_from and known_on < $known_until
group by source, account_id, day, known_on
order by source, account_id, day, known_on
