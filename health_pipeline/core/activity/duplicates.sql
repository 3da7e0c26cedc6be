-- How many copies do not count: equal ones, and those that say something else.
--
-- Reads   repeats
-- Gives   duplicates, conflicts: one row
with judged as (
    select
        copies,
        occurred_at or source_user_id or source_account_id or event_name or feature or quantity
            as differs
    from repeats
)

select
    cast(coalesce(sum(copies) filter (where not differs), 0) as bigint) as duplicates,
    cast(coalesce(sum(copies) filter (where differs), 0) as bigint) as conflicts
from judged
