-- Events that no account claims by the end of these days.
--
-- Reads   usage
-- Params  $known_from, $known_to
-- Gives   known_on, table, source, key, why, rows
select
    known_on,
    'events' as "table", source,
    coalesce(nullif(source_account_id, ''), nullif(source_user_id, '')) as "key",
    case
        when nullif(source_account_id, '') is not null
            then 'no account claims this source_account_id, nor the user'
        when nullif(source_user_id, '') is not null
            then 'no account claims this source_user_id, and the event names no account'
        else 'the event names neither a user nor an account'
    end as why,
    cast(sum(copies) as bigint) as "rows"
from usage
where account_id is null and known_on between $known_from and $known_to
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4 nulls last
