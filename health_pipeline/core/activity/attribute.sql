-- Say of each first copy which account and user it belongs to, and what it means.
--
-- Reads   event_copies
--         feature_map   name, mask, is_core: values of `feature` in lower case
--         event_map     name, mask, is_core: values of `event_name` in lower case
--         user_links    source, source_user_id, account_id, user_id, linked_on, valid_from,
--                       valid_until: links of one user follow each other without overlap
--         account_links source, source_account_id, account_id, linked_on
-- Params  $known_to: links that became known later do not count yet
-- Gives   usage         source, account_id, user_id, day, known_on, quantity, core_quantity,
--                       features, copies; account_id null where nobody claims the rows
with used as (
    -- An event counts once unless it says how often; exact decimals do not depend on row order.
    select
        source, source_user_id, source_account_id, day, known_on,
        count(*) as copies,
        sum(cast(coalesce(quantity, 1) as decimal(28, 6))) as quantity,
        sum(
            case
                when feature_map.is_core or event_map.is_core
                    then cast(coalesce(quantity, 1) as decimal(28, 6))
                else 0
            end
        ) as core_quantity,
        bit_or(coalesce(feature_map.mask, 0) | coalesce(event_map.mask, 0)) as features
    from event_copies
    left join feature_map on lower(event_copies.feature) = feature_map.name
    left join event_map on lower(event_copies.event_name) = event_map.name
    where copy = 1
    group by source, source_user_id, source_account_id, day, known_on
),

claimed as (
    select
        used.*,
        user_links.user_id as linked_user,
        user_links.account_id as users_account,
        account_links.account_id as sources_account,
        greatest(used.known_on, user_links.linked_on) as known_by_user,
        greatest(used.known_on, account_links.linked_on) as known_by_source
    from used
    left join user_links
        on used.source = user_links.source
        and used.source_user_id = user_links.source_user_id
        and used.known_on >= user_links.valid_from
        and used.known_on < user_links.valid_until
        and user_links.linked_on <= $known_to
    left join account_links
        on used.source = account_links.source
        and used.source_account_id = account_links.source_account_id
        and account_links.linked_on <= $known_to
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
        else 'usr_' || substr(sha256(source || chr(31) || source_user_id), 1, 16)
    end as user_id,
    day,
    case
        when by_user then known_by_user
        when sources_account is not null then known_by_source
        else known_on
    end as known_on,
    quantity, core_quantity, features, copies
from decided
