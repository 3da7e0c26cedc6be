-- Copies of the news that were known before these days.
--
-- Reads   old_events, news
-- Gives   earlier       the columns of dated_events
select *
from old_events
where id in (
    select id from news
    -- Where the files hold nothing old, nothing need be compared.
    where exists (select 1 from old_events)
)
