<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>Alike</name>
    <message numerus="yes">
        <source>%n more like this</source>
        <translation>
            <numerusform>%n more like this</numerusform>
            <numerusform>%n more like this</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Cards</name>
    <message numerus="yes">
        <source>%n gained</source>
        <translation>
            <numerusform>%n gained</numerusform>
            <numerusform>%n gained</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n lost</source>
        <translation>
            <numerusform>%n lost</numerusform>
            <numerusform>%n lost</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Checker</name>
    <message numerus="yes">
        <source>%n thing(s) found</source>
        <translation>
            <numerusform>%n thing found</numerusform>
            <numerusform>%n things found</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Repaired in %n image(s)</source>
        <translation>
            <numerusform>Repaired in %n image</numerusform>
            <numerusform>Repaired in %n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) could not be repaired.</source>
        <translation>
            <numerusform>%n image could not be repaired.</numerusform>
            <numerusform>%n images could not be repaired.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Crowds</name>
    <message numerus="yes">
        <source>The mark was taken off in %n image(s)</source>
        <translation>
            <numerusform>The mark was taken off in %n image</numerusform>
            <numerusform>The mark was taken off in %n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) could not be changed.</source>
        <translation>
            <numerusform>%n image could not be changed.</numerusform>
            <numerusform>%n images could not be changed.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Drawing</name>
    <message numerus="yes">
        <source>%n instance(s) would have vanished and still overlap:</source>
        <translation>
            <numerusform>%n instance would have vanished and still overlaps:</numerusform>
            <numerusform>%n instances would have vanished and still overlap:</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Dropping</name>
    <message numerus="yes">
        <source>%n file(s) that are no images were left out.</source>
        <translation>
            <numerusform>%n file that is no image was left out.</numerusform>
            <numerusform>%n files that are no images were left out.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Editing</name>
    <message numerus="yes">
        <source>%n instance(s) copied</source>
        <translation>
            <numerusform>%n instance copied</numerusform>
            <numerusform>%n instances copied</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>paste %n instance(s)</source>
        <translation>
            <numerusform>paste %n instance</numerusform>
            <numerusform>paste %n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n instance(s) lie outside this image</source>
        <translation>
            <numerusform>%n instance lies outside this image</numerusform>
            <numerusform>%n instances lie outside this image</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>duplicate %n instance(s)</source>
        <translation>
            <numerusform>duplicate %n instance</numerusform>
            <numerusform>duplicate %n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>take over %n instance(s)</source>
        <translation>
            <numerusform>take over %n instance</numerusform>
            <numerusform>take over %n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>delete %n instance(s)</source>
        <translation>
            <numerusform>delete %n instance</numerusform>
            <numerusform>delete %n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>change label of %n instance(s)</source>
        <translation>
            <numerusform>change label of %n instance</numerusform>
            <numerusform>change label of %n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>unite %n instance(s)</source>
        <translation>
            <numerusform>unite %n instance</numerusform>
            <numerusform>unite %n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>intersect %n instance(s)</source>
        <translation>
            <numerusform>intersect %n instance</numerusform>
            <numerusform>intersect %n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>keep what one of %n instance(s) covers</source>
        <translation>
            <numerusform>keep what %n instance covers</numerusform>
            <numerusform>keep what one of %n instances covers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>cut %n other(s) out</source>
        <translation>
            <numerusform>cut %n other out</numerusform>
            <numerusform>cut %n others out</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>group %n instance(s)</source>
        <translation>
            <numerusform>group %n instance</numerusform>
            <numerusform>group %n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n locked instance(s) stay as they are</source>
        <translation>
            <numerusform>%n locked instance stays as it is</numerusform>
            <numerusform>%n locked instances stay as they are</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Effect</name>
    <message numerus="yes">
        <source>%n image(s) measured</source>
        <translation>
            <numerusform>%n image measured</numerusform>
            <numerusform>%n images measured</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>EffectBox</name>
    <message numerus="yes">
        <source>What it does to AP on %n done image(s)</source>
        <translation>
            <numerusform>What it does to AP on %n done image</numerusform>
            <numerusform>What it does to AP on %n done images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n instance(s)</source>
        <translation>
            <numerusform>%n instance</numerusform>
            <numerusform>%n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n could not be read</source>
        <translation>
            <numerusform>%n could not be read</numerusform>
            <numerusform>%n could not be read</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Exporter</name>
    <message numerus="yes">
        <source>%n instance(s)</source>
        <translation>
            <numerusform>%n instance</numerusform>
            <numerusform>%n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) without labels left out</source>
        <translation>
            <numerusform>%n image without labels left out</numerusform>
            <numerusform>%n images without labels left out</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n remark(s) on what was exported.</source>
        <translation>
            <numerusform>%n remark on what was exported.</numerusform>
            <numerusform>%n remarks on what was exported.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Fitting</name>
    <message numerus="yes">
        <source>The labels of %n image(s) were fitted.</source>
        <translation>
            <numerusform>The labels of %n image were fitted.</numerusform>
            <numerusform>The labels of %n images were fitted.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) could not be answered for.</source>
        <translation>
            <numerusform>%n image could not be answered for.</numerusform>
            <numerusform>%n images could not be answered for.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FolderEdits</name>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>It stays in %n image(s) that changed since.</source>
        <translation>
            <numerusform>It stays in %n image that changed since.</numerusform>
            <numerusform>It stays in %n images that changed since.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FunnelPage</name>
    <message numerus="yes">
        <source>%n could not be read</source>
        <translation>
            <numerusform>%n could not be read</numerusform>
            <numerusform>%n could not be read</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GainsView</name>
    <message numerus="yes">
        <source>Both models find the same %n object(s) here.</source>
        <translation>
            <numerusform>Both models find the same object here.</numerusform>
            <numerusform>Both models find the same %n objects here.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>HealthDialog</name>
    <message numerus="yes">
        <source>%n of them can be repaired, which can be undone.</source>
        <translation>
            <numerusform>%n of them can be repaired, which can be undone.</numerusform>
            <numerusform>%n of them can be repaired, which can be undone.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n thing(s) found.</source>
        <translation>
            <numerusform>%n thing found.</numerusform>
            <numerusform>%n things found.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImagesFeature</name>
    <message numerus="yes">
        <source>%n key(s) meant for another image had no effect.</source>
        <translation>
            <numerusform>%n key meant for another image had no effect.</numerusform>
            <numerusform>%n keys meant for another image had no effect.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImagesPanel</name>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImportDialog</name>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n instance(s)</source>
        <translation>
            <numerusform>%n instance</numerusform>
            <numerusform>%n instances</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Importer</name>
    <message numerus="yes">
        <source>%n instance(s)</source>
        <translation>
            <numerusform>%n instance</numerusform>
            <numerusform>%n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) had labels and were left alone</source>
        <translation>
            <numerusform>%n image had labels and was left alone</numerusform>
            <numerusform>%n images had labels and were left alone</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) are not in this folder</source>
        <translation>
            <numerusform>%n image is not in this folder</numerusform>
            <numerusform>%n images are not in this folder</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n remark(s) on what was imported.</source>
        <translation>
            <numerusform>%n remark on what was imported.</numerusform>
            <numerusform>%n remarks on what was imported.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>InstancesPanel</name>
    <message numerus="yes">
        <source>%n suggested</source>
        <translation>
            <numerusform>%n suggested</numerusform>
            <numerusform>%n suggested</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n too low</source>
        <translation>
            <numerusform>%n too low</numerusform>
            <numerusform>%n too low</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LabelsElsewhere</name>
    <message numerus="yes">
        <source>No image here has labels beside it, but %n file(s) with the labels of a data set lie in {folder}.</source>
        <translation>
            <numerusform>No image here has labels beside it, but %n file with the labels of a data set lies in {folder}.</numerusform>
            <numerusform>No image here has labels beside it, but %n files with the labels of a data set lie in {folder}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>No image here has labels beside it, but %n file(s) of their names lie in {folder}.</source>
        <translation>
            <numerusform>No image here has labels beside it, but %n file of their names lies in {folder}.</numerusform>
            <numerusform>No image here has labels beside it, but %n files of their names lie in {folder}.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LivePage</name>
    <message numerus="yes">
        <source>%n instance(s) seen</source>
        <translation>
            <numerusform>%n instance seen</numerusform>
            <numerusform>%n instances seen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Opener</name>
    <message numerus="yes">
        <source>%n image(s) lie in folders within; they are listed by their path.</source>
        <translation>
            <numerusform>%n image lies in a folder within; it is listed by its path.</numerusform>
            <numerusform>%n images lie in folders within; they are listed by their path.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PreAnnotator</name>
    <message numerus="yes">
        <source>%n image(s) got no suggestions.</source>
        <translation>
            <numerusform>%n image got no suggestions.</numerusform>
            <numerusform>%n images got no suggestions.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The engine does not run any more, so %n image(s) got no suggestions. Start it again, then ask again.</source>
        <translation>
            <numerusform>The engine does not run any more, so %n image got no suggestions. Start it again, then ask again.</numerusform>
            <numerusform>The engine does not run any more, so %n images got no suggestions. Start it again, then ask again.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Questions</name>
    <message numerus="yes">
        <source>What it learned in %n step(s) will be lost. Your labels are not touched.</source>
        <translation>
            <numerusform>What it learned in %n step will be lost. Your labels are not touched.</numerusform>
            <numerusform>What it learned in %n steps will be lost. Your labels are not touched.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Reasons</name>
    <message numerus="yes">
        <source>%n instance(s) judged</source>
        <translation>
            <numerusform>%n instance judged</numerusform>
            <numerusform>%n instances judged</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Renamer</name>
    <message numerus="yes">
        <source>%n instance(s)</source>
        <translation>
            <numerusform>%n instance</numerusform>
            <numerusform>%n instances</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s)</source>
        <translation>
            <numerusform>%n file</numerusform>
            <numerusform>%n files</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>“{old}” is now “{new}” in %n image(s)</source>
        <translation>
            <numerusform>“{old}” is now “{new}” in %n image</numerusform>
            <numerusform>“{old}” is now “{new}” in %n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>“{old}” could not be renamed in %n image(s).</source>
        <translation>
            <numerusform>“{old}” could not be renamed in %n image.</numerusform>
            <numerusform>“{old}” could not be renamed in %n images.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ReportView</name>
    <message numerus="yes">
        <source>Finish %n images or more, and a run can say whether it helped.</source>
        <translation>
            <numerusform>Finish %n image or more, and a run can say whether it helped.</numerusform>
            <numerusform>Finish %n images or more, and a run can say whether it helped.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n held-out image(s)</source>
        <translation>
            <numerusform>%n held-out image</numerusform>
            <numerusform>%n held-out images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n instance(s)</source>
        <translation>
            <numerusform>%n instance</numerusform>
            <numerusform>%n instances</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SetupPage</name>
    <message numerus="yes">
        <source>&lt;b&gt;%n image(s)&lt;/b&gt; marked as done</source>
        <translation>
            <numerusform>&lt;b&gt;%n image&lt;/b&gt; marked as done</numerusform>
            <numerusform>&lt;b&gt;%n images&lt;/b&gt; marked as done</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) in part, inside done regions</source>
        <translation>
            <numerusform>%n image in part, inside done regions</numerusform>
            <numerusform>%n images in part, inside done regions</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>&lt;b&gt;%n instance(s)&lt;/b&gt;</source>
        <translation>
            <numerusform>&lt;b&gt;%n instance&lt;/b&gt;</numerusform>
            <numerusform>&lt;b&gt;%n instances&lt;/b&gt;</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n area(s) left out</source>
        <translation>
            <numerusform>%n area left out</numerusform>
            <numerusform>%n areas left out</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) held out to measure with</source>
        <translation>
            <numerusform>%n image held out to measure with</numerusform>
            <numerusform>%n images held out to measure with</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Suggesting</name>
    <message numerus="yes">
        <source>%n suggestion(s)</source>
        <translation>
            <numerusform>%n suggestion</numerusform>
            <numerusform>%n suggestions</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n more below the score</source>
        <translation>
            <numerusform>%n more below the score</numerusform>
            <numerusform>%n more below the score</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>accept %n suggestion(s)</source>
        <translation>
            <numerusform>accept %n suggestion</numerusform>
            <numerusform>accept %n suggestions</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>reject %n suggestion(s)</source>
        <translation>
            <numerusform>reject %n suggestion</numerusform>
            <numerusform>reject %n suggestions</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>WorkBanners</name>
    <message numerus="yes">
        <source>%n image(s) have edits that were not saved when masklens last ended.</source>
        <translation>
            <numerusform>%n image have edits that were not saved when masklens last ended.</numerusform>
            <numerusform>%n images have edits that were not saved when masklens last ended.</numerusform>
        </translation>
    </message>
</context>
</TS>
