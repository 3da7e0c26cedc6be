-- Say which account and user the use belongs to, and since when that is known.
--
-- Reads   used
--         user_links    source, source_user_id, account_id, user_id, linked_at, counts_on: the day
--                       from which on the link counts; that of linked_at, or of the run that found
--                       a link dated in the past
--         account_links source, source_account_id, account_id, counts_on
-- Params  $known_until: links that became known from this day on do not count yet
-- Gives   usage         the columns of used, account_id, user_id; known_on of the use or of the
--                       link, the later; account_id null where nobody claims the rows
with links as (
    -- Each link holds until the next one; of several on one day only the last.
    select
        source, source_user_id, account_id, user_id, counts_on,
        utc_day(linked_at) as linked_on,
        utc_day(first_value(linked_at) over of_user) as first_on,
        utc_day(lead(linked_at) over of_user) as next_on
    from user_links
    where (source, source_user_id) in (select source, source_user_id from used)
    window of_user as (partition by source, source_user_id order by linked_at)
),

claimed as (
    select
        used.*,
        -- Who somebody is does not change; whose they are counts once it is known.
        links.user_id as linked_user,
        case when links.counts_on < $known_until then links.account_id end as users_account,
        account_links.account_id as sources_account,
        greatest(used.known_on, links.counts_on) as known_by_user,
        greatest(used.known_on, account_links.counts_on) as known_by_source
    from used
    left join links
        on used.source = links.source
        and used.source_user_id = links.source_user_id
        -- The first link claims what came before it, too.
        and (used.known_on >= links.linked_on or links.linked_on = links.first_on)
        and (used.known_on < links.next_on or links.next_on is null)
        and (links.linked_on < links.next_on or links.next_on is null)
    left join account_links
        on used.source = account_links.source
        and used.source_account_id = account_links.source_account_id
        and account_links.counts_on < $known_until
),

decided as (
    -- The user decides, unless only the source's own account id was known at that time.
    select
        *,
        users_account is not null
        and (sources_account is null or known_by_user <= known_by_source) as by_user
    from claimed
)

select
    source, source_user_id, source_account_id,
    case when by_user then users_account else sources_account end as account_id,
    case
        when source_user_id is null or source_user_id = '' then null
        when linked_user is not null then linked_user
        else 'usr_' || substr(sha256_of(source || chr(31) || source_user_id), 1, 16)
    end as user_id,
    day,
    case
        when by_user then known_by_user
        when sources_account is not null then known_by_source
        else known_on
    end as known_on,
    events, quantity, core_quantity, mask
from decided
