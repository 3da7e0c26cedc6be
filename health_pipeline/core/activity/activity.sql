-- Sum the usage of each user and day, apart for each day on which it became known.
--
-- Reads   usage
-- Params  $known_from: the first day of the range; $known_until: the day after it
-- Gives   account_id, user_id (null = nobody in particular), day, known_on, events, core_events,
--         features (bit mask), sorted. Sums are rounded to whole numbers; what is above 0 and
--         below 1 counts as 1, or who used something would have used nothing
select
    account_id, user_id, day, known_on,
    greatest(cast(round(sum(quantity)) as bigint), 1) as events,
    case
        when sum(core_quantity) > 0 then greatest(cast(round(sum(core_quantity)) as bigint), 1)
        else 0
    end as core_events,
    cast(bit_or(mask) as bigint) as features
from usage
where account_id is not null and known_on >= $known_from and known_on < $known_until
group by account_id, user_id, day, known_on
having sum(quantity) > 0
order by account_id, user_id nulls last, day, known_on
