-- Put the copies of each repeated event in the order in which they became known.
--
-- Reads   tallied
-- Params  $lookback_days: days of two copies of one event lie at most this far apart
-- Gives   copies        the columns of tallied where event_id is given, counted = equal copies;
--                       place: 1 = known first. Copies that arrived together are put in the order
--                       of their content, never of the files;
--                       first_place: of the copies around the same day, the one that counts
with placed as (
    select
        *,
        row_number() over (
            partition by source, event_id
            order by
                known_on, known_at, occurred_at,
                source_user_id nulls last, source_account_id nulls last,
                event_name nulls last, feature nulls last, given_quantity nulls last
        ) as place
    from tallied
    where event_id is not null
)

select
    *,
    min(place) over (
        partition by source, event_id
        order by day
        range between interval '$lookback_days' day preceding
            and interval '$lookback_days' day following
    ) as first_place
from placed
