-- Add up what each source's user did, before anyone asks who that is. What is repeated stays apart.
--
-- Reads   fresh_events, earlier, repeated
--         feature_map   name, mask, is_core: values of `feature` in lower case
--         event_map     name, mask, is_core: values of `event_name` in lower case
-- Gives   tallied       source, source_user_id, source_account_id, day, known_on; the cells of a
--                       repeated event, null for all others: event_id, occurred_at, known_at,
--                       event_name, feature, given_quantity; and of the rows that are alike in
--                       all of these: counted, quantity, core_quantity, mask
with seen as (
    select * from fresh_events
    union all
    select * from earlier
),

meant as (
    select
        seen.*,
        repeated.id is not null as is_repeated,
        coalesce(feature_map.is_core, false) or coalesce(event_map.is_core, false) as is_core,
        coalesce(feature_map.mask, 0) | coalesce(event_map.mask, 0) as means
    from seen
    left join repeated on seen.id = repeated.id
    left join feature_map on lower(seen.feature) = feature_map.name
    left join event_map on lower(seen.event_name) = event_map.name
)

select
    source, source_user_id, source_account_id, day, known_on,
    case when is_repeated then event_id end as event_id,
    case when is_repeated then occurred_at end as occurred_at,
    case when is_repeated then known_at end as known_at,
    case when is_repeated then event_name end as event_name,
    case when is_repeated then feature end as feature,
    case when is_repeated then quantity end as given_quantity,
    count(*) as counted,
    -- An event counts once unless it says how often; exact decimals do not depend on row order.
    count(*) - count(quantity)
        + coalesce(sum(cast(quantity as decimal(28, 6))), 0) as quantity,
    count(*) filter (where is_core and quantity is null)
        + coalesce(sum(cast(quantity as decimal(28, 6))) filter (where is_core), 0)
        as core_quantity,
    bit_or(means) as mask
from meant
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
