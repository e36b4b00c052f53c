-- A record that a system has deleted stands for nobody any more.
delete from truth.cluster
where
    system = :system
    and entity = :entity
    and key = :key;
delete from truth.person
where
    system = :system
    and entity = :entity
    and key = :key
